// vgpud is restarted while callers make and destroy domains: what was acknowledged is so, and what was not can be asked again.
import assert from "node:assert/strict";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import {
  DestroyDomainRequest,
  DomainServiceService as Domains,
} from "../../proto/gen/vgpud/v1/domain_service.ts";
import { comingBack } from "./harness/coming-back.ts";
import { type } from "./harness/requests.ts";
import { Rpc } from "./harness/rpc.ts";
import { until } from "./harness/until.ts";
import { World } from "./harness/world.ts";

/** One less than there is room for: nobody is refused for want of it. */
const CALLERS = 6;
const RESTARTS = 3;
/** Acknowledged ones between two restarts. */
const CHANGES = 15;

describe("a vgpud that is restarted under load", () => {
  it("loses nothing that it had acknowledged, and leaves nothing that it had not", async function () {
    this.timeout(180_000);
    await using world = await World.start();
    let acknowledged = 0;
    let interrupted = 0;
    let isOver = false;

    /** As a scheduler does: the same request again until it is answered. */
    async function answered<T>(call: () => Promise<T>): Promise<T> {
      const answer = await comingBack(call, ({ code }) => {
        // Nothing but this may be told to somebody who does everything right.
        if (code !== "UNAVAILABLE") return false;
        interrupted += 1;
        return true;
      });
      acknowledged += 1;
      return answer;
    }

    /** Makes and destroys by turns; resolves with the name of the domain that it has in the end. */
    async function caller(number: number): Promise<string> {
      using rpc = new Rpc(world.socket);
      for (let turn = 0; ; turn += 1) {
        const name = `load-${number}-${turn}`;
        const { request, vgpu } = world.draft(name);
        vgpu.want = { $case: "type", value: type(8) };
        const { domain } = await answered(() => rpc.call(Domains.createDomain, request));
        assert.equal(domain?.claimState, ClaimState.ACTIVE);
        if (isOver) return name;
        const ref = { $case: "claimId", value: request.claimId } as const;
        const destroy = DestroyDomainRequest.fromPartial({
          domain: { ref },
          gracePeriod: { seconds: 0n, nanos: 0 },
        });
        const gone = await answered(() => rpc.call(Domains.destroyDomain, destroy));
        assert.equal(gone.domain?.claimState, ClaimState.GONE);
      }
    }

    const callers = Promise.all(Array.from({ length: CALLERS }, (_, number) => caller(number)));
    for (let restart = 1; restart <= RESTARTS; restart += 1) {
      const goal = acknowledged + CHANGES;
      await Promise.race([until("the callers get on", () => Promise.resolve(acknowledged >= goal)), callers]);
      assert.equal((await world.agent.end("SIGTERM")).code, 0);
      await world.startAgain();
    }
    isOver = true;
    const names = await callers;
    console.log(`      ${acknowledged} acknowledged, ${interrupted} to be asked again, ${RESTARTS} restarts`);
    assert.ok(interrupted > 0);
    const { mdevs, domains } = await world.truth();
    assert.deepEqual(
      domains.map(({ name, state }) => `${name} ${state}`).sort(),
      names.map((name) => `${name} running`).sort(),
    );
    assert.deepEqual(mdevs.map(({ uuid }) => uuid).sort(), domains.flatMap((domain) => domain.mdevs).sort());
  });
});
