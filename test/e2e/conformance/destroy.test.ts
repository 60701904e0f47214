// A domain is destroyed, on every backend, and nothing is left.
import assert from "node:assert/strict";
import { ClaimState, OnStop } from "../../../proto/gen/vgpud/v1/claim.ts";
import type { Draft } from "../harness/requests.ts";
import { refusal } from "../harness/rpc.ts";
import { present } from "../harness/world.ts";
import { truthOf } from "./host-truth.ts";
import { conform } from "./suite.ts";
import { AT_ONCE } from "./trial.ts";

function releases({ spec }: Draft): void {
  spec.onStop = OnStop.RELEASE;
}

conform("destroy", {
  "nothing is left of a domain but a tombstone, and its room is to be had again": async (trial) => {
    const { world } = trial;
    const before = await truthOf(world);
    await trial.create("desk");
    const gone = await trial.destroy("desk");
    assert.deepEqual([gone.claimState, gone.vgpuIds, gone.stillHolds], [ClaimState.GONE, [], []]);
    assert.deepEqual(await truthOf(world), before);
    assert.equal((await trial.claimed("desk")).claimState, ClaimState.GONE);
    await trial.assertTaken({ own: 0, foreign: 0 });
  },

  "a destroy that is repeated is answered as the first": async (trial) => {
    const { world } = trial;
    await trial.create("repeated");
    const first = await world.destroy("repeated", AT_ONCE);
    assert.deepEqual(await world.destroy("repeated", AT_ONCE), first);
  },

  "the tombstone keeps a late create from raising the dead": async (trial) => {
    await trial.create("late");
    await trial.destroy("late");
    const error = await refusal(trial.create("late"));
    assert.deepEqual([error.code, error.reason], ["ALREADY_EXISTS", "CLAIM_ENDED"]);
  },

  "what one gave back the next one gets": async (trial) => {
    const names = await trial.fill();
    assert.equal((await refusal(trial.create("next"))).code, "RESOURCE_EXHAUSTED");
    await trial.destroy(present(names[0]));
    await trial.create("next");
    for (const name of [...names.slice(1), "next"]) await trial.destroy(name);
  },

  "a domain that gives its vGPU back when it is off has it again when it is started": async (trial) => {
    const { world } = trial;
    await trial.create("guest", releases);
    // Also when nobody else has left it anything.
    const names = await trial.fill(1);
    const made = await trial.made();
    const places = await trial.given("guest");
    await world.stop("guest", AT_ONCE);
    assert.deepEqual(
      await trial.made(),
      made.filter((place) => !places.includes(place)),
    );
    assert.equal((await world.start("guest")).domain?.claimState, ClaimState.ACTIVE);
    await trial.assertTaken({ own: trial.subject.room, foreign: 0 });
    for (const name of [...names, "guest"]) await trial.destroy(name);
  },

  "what such a domain gave back others get, and it is started when there is room again": async (trial) => {
    const { world } = trial;
    await trial.create("guest", releases);
    await world.stop("guest", AT_ONCE);
    await trial.assertTaken({ own: 0, foreign: 0 });
    const names = await trial.fill();
    const full = await refusal(world.start("guest"));
    assert.equal(full.code, "RESOURCE_EXHAUSTED");
    assert.ok(trial.subject.exhausted.includes(full.reason ?? ""), full.message);
    for (const name of names) await trial.destroy(name);
    assert.equal((await world.start("guest")).domain?.claimState, ClaimState.ACTIVE);
    await trial.destroy("guest");
  },
});
