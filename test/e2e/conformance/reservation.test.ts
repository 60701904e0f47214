// Room is held ahead of a create, on every backend.
import assert from "node:assert/strict";
import { ClaimState } from "../../../proto/gen/vgpud/v1/claim.ts";
import {
  CreateReservationRequest,
  ReservationServiceService as Reservations,
} from "../../../proto/gen/vgpud/v1/reservation_service.ts";
import type { Reservation } from "../../../proto/gen/vgpud/v1/reservation.ts";
import { refusal } from "../harness/rpc.ts";
import { until } from "../harness/until.ts";
import { present } from "../harness/world.ts";
import { conform } from "./suite.ts";
import type { Trial } from "./trial.ts";

const LONG_S = 3600n;
/** The shortest that may be asked for. */
const BRIEF_S = 1n;

async function reserve(trial: Trial, name: string, seconds = LONG_S): Promise<Reservation> {
  const request = CreateReservationRequest.fromPartial({
    claimId: trial.claimOf(name),
    vgpu: { want: trial.want },
    ttl: { seconds, nanos: 0 },
  });
  return present((await trial.world.rpc.call(Reservations.createReservation, request)).reservation);
}

async function assertFull(trial: Trial): Promise<void> {
  const { code, reason, message } = await refusal(trial.create("late"));
  assert.equal(code, "RESOURCE_EXHAUSTED", message);
  assert.ok(trial.subject.exhausted.includes(reason ?? ""), message);
}

conform("reservation", {
  "it holds room from everybody else, and takes nothing on the host": async (trial) => {
    const { world, subject } = trial;
    const { vgpuId, gpu, type, claimId } = await reserve(trial, "held");
    assert.deepEqual([gpu, type], [subject.gpu, subject.type]);
    const [vgpu] = await world.vgpus();
    assert.deepEqual(
      [vgpu?.vgpuId, vgpu?.claimState, vgpu?.present, vgpu?.mode],
      [vgpuId, ClaimState.RESERVED, false, subject.shown.mode],
    );
    assert.deepEqual(await trial.made(), []);
    assert.match(await world.scrape(), /^vgpud_reservations\{state="reserved"\} 1$/m);
    const names = await trial.fill(1);
    await assertFull(trial);
    await world.rpc.call(Reservations.releaseReservation, { claimId });
    for (const name of names) await trial.destroy(name);
    await trial.assertTaken({ own: 0, foreign: 0 });
  },

  "a create that binds it gets the vGPU that was promised": async (trial) => {
    const { world } = trial;
    const { vgpuId, claimId } = await reserve(trial, "held");
    const names = await trial.fill(1);
    const { domain } = await trial.create("desk", ({ request }) => {
      request.reservation = claimId;
      request.vgpu = undefined;
    });
    assert.deepEqual(domain?.vgpuIds, [vgpuId]);
    assert.equal((await trial.given("desk")).length, 1);
    assert.match(await world.scrape(), /^vgpud_reservations\{state="bound"\} 1$/m);
    await trial.assertTaken({ own: trial.subject.room, foreign: 0 });
    for (const name of [...names, "desk"]) await trial.destroy(name);
  },

  "it ends at its time, and its room is there for others": async (trial) => {
    const { world } = trial;
    const names = await trial.fill(1);
    const { claimId } = await reserve(trial, "brief", BRIEF_S);
    await assertFull(trial);
    await until("its time is over", async () => (await world.vgpus()).length === names.length);
    const error = await refusal(world.rpc.call(Reservations.getReservation, { claimId }));
    assert.equal(error.reason, "RESERVATION_NOT_FOUND");
    await trial.create("desk");
    for (const name of [...names, "desk"]) await trial.destroy(name);
  },

  "it outlives that the agent is killed": async (trial) => {
    const { world } = trial;
    const { claimId, vgpuId } = await reserve(trial, "held");
    await world.kill();
    await world.startAgain();
    const names = await trial.fill(1);
    await assertFull(trial);
    const { reservation } = await world.rpc.call(Reservations.getReservation, { claimId });
    assert.deepEqual([reservation?.claimState, reservation?.vgpuId], [ClaimState.RESERVED, vgpuId]);
    await world.rpc.call(Reservations.releaseReservation, { claimId });
    for (const name of names) await trial.destroy(name);
  },
});
