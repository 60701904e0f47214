// More callers at once than there is room for, on every backend: exactly what there is is given, and whoever loses hears why.
import assert from "node:assert/strict";
import type { CreateDomainResponse } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { DomainServiceService as Domains } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import {
  CreateReservationRequest,
  ReservationServiceService as Reservations,
} from "../../../proto/gen/vgpud/v1/reservation_service.ts";
import { comingBack } from "../harness/coming-back.ts";
import { Rpc, RpcError } from "../harness/rpc.ts";
import { conform } from "./suite.ts";
import type { Trial } from "./trial.ts";

/** Callers beyond those that there is room for. */
const BEYOND = 5;

interface Race<T> {
  readonly won: readonly T[];
  readonly lost: readonly RpcError[];
}

/** All at once, each on a connection of its own; whatever is not a refusal rejects. */
async function race<T>(trial: Trial, callers: readonly ((rpc: Rpc) => Promise<T>)[]): Promise<Race<T>> {
  const connections = callers.map(() => new Rpc(trial.world.socket));
  const calls = callers.map((call, index) => async (): Promise<T | RpcError> => {
    const connection = connections[index] ?? trial.world.rpc;
    try {
      return await comingBack(
        () => call(connection),
        ({ reason }) => reason === "TOO_MANY_CALLS",
      );
    } catch (error) {
      if (error instanceof RpcError) return error;
      throw error;
    }
  });
  try {
    const outcomes = await Promise.all(calls.map((call) => call()));
    return {
      won: outcomes.filter((outcome): outcome is Awaited<T> & T => !(outcome instanceof RpcError)),
      lost: outcomes.filter((outcome) => outcome instanceof RpcError),
    };
  } finally {
    for (const connection of connections) connection[Symbol.dispose]();
  }
}

function assertNoRoom({ subject }: Trial, lost: readonly RpcError[]): void {
  for (const { code, reason, message } of lost) {
    assert.equal(code, "RESOURCE_EXHAUSTED", message);
    assert.ok(subject.exhausted.includes(reason ?? ""), message);
  }
}

const creates = (trial: Trial, count: number) =>
  Array.from(
    { length: count },
    (_, caller) => (rpc: Rpc) => rpc.call(Domains.createDomain, trial.draft(`racing-${caller}`)),
  );

const namesOf = (won: readonly CreateDomainResponse[]): string[] =>
  won.map(({ domain }) => domain?.name ?? "");

conform("race", {
  "five more creates than there is room for get exactly the room, and the others hear that there is none":
    async (trial) => {
      const { room } = trial.subject;
      const { won, lost } = await race(trial, creates(trial, room + BEYOND));
      assert.deepEqual([won.length, lost.length], [room, BEYOND]);
      assertNoRoom(trial, lost);
      await trial.assertTaken({ own: room, foreign: 0 });
      const given = await Promise.all(namesOf(won).map((name) => trial.given(name)));
      assert.ok(given.every((places) => places.length === 1));
      for (const name of namesOf(won)) await trial.destroy(name);
    },

  "those who lost get what is given back": async (trial) => {
    const { room } = trial.subject;
    const standing = await trial.fill();
    const returned = Promise.all(standing.map((name) => trial.destroy(name)));
    const early = await race(trial, creates(trial, room));
    await returned;
    assertNoRoom(trial, early.lost);
    const names = namesOf(early.won);
    const { won, lost } = await race(
      trial,
      Array.from(
        { length: room - names.length },
        (_, caller) => (rpc: Rpc) => rpc.call(Domains.createDomain, trial.draft(`again-${caller}`)),
      ),
    );
    assert.deepEqual(lost, []);
    await trial.assertTaken({ own: room, foreign: 0 });
    for (const name of [...names, ...namesOf(won)]) await trial.destroy(name);
  },

  "callers with one claim id are one caller": async (trial) => {
    const request = trial.draft("same");
    const callers = Array.from(
      { length: BEYOND },
      () => (rpc: Rpc) => rpc.call(Domains.createDomain, request),
    );
    const { won, lost } = await race(trial, callers);
    assert.deepEqual(lost, []);
    for (const { domain } of won) assert.deepEqual(domain, won[0]?.domain);
    await trial.assertTaken({ own: 1, foreign: 0 });
    await trial.destroy("same");
  },

  "creates and reservations together never get more than there is": async (trial) => {
    const { room } = trial.subject;
    const reserve = (caller: number) => async (rpc: Rpc) =>
      await rpc.call(
        Reservations.createReservation,
        CreateReservationRequest.fromPartial({
          claimId: trial.claimOf(`reserved-${caller}`),
          vgpu: { want: trial.want },
          ttl: { seconds: 3600n, nanos: 0 },
        }),
      );
    const [made, reserved] = await Promise.all([
      race(trial, creates(trial, room + BEYOND)),
      race(
        trial,
        Array.from({ length: room + BEYOND }, (_, caller) => reserve(caller)),
      ),
    ]);
    assert.equal(made.won.length + reserved.won.length, room);
    assertNoRoom(trial, [...made.lost, ...reserved.lost]);
    for (const name of namesOf(made.won)) await trial.destroy(name);
    for (const { reservation } of reserved.won)
      await trial.world.rpc.call(Reservations.releaseReservation, { claimId: reservation?.claimId ?? "" });
    await trial.assertTaken({ own: 0, foreign: 0 });
  },
});
