// What is told of a booking that is given back, and what becomes of one that cannot be.
import assert from "node:assert/strict";
import { CONSUMER_TYPE } from "../../../../agent/core/placement-names.ts";
import { PlacementError, type PlacementFailure } from "../../../../agent/placement/errors.ts";
import type { Allocation } from "../../../../agent/placement/model.ts";
import type { CarriedOut } from "../../../../agent/schedulers/carried-out.ts";
import { GivingBack } from "../../../../agent/schedulers/placement/giving-back.ts";

const { signal } = new AbortController();
const held: Allocation = {
  ...{ byProvider: new Map([["here", { VGPU: 1 }]]), generation: 1 },
  ...{ projectId: "p", userId: "u", consumerType: CONSUMER_TYPE },
};
const others: Allocation = { ...held, consumerType: "INSTANCE" };
const waiting = ["denied", "other"].map((booking) => ({ booking, since: 0 }));
const where = {
  here: new Map([["here", "kvm-1_vgpud_0000_00_02_0"]]),
  ask: (): Promise<unknown> => Promise.resolve("as ever"),
};

const carriedOut: CarriedOut[] = [];
const givenBack: string[] = [];

/** Where the release of `denied` fails so. */
function givingBack(kind: PlacementFailure): GivingBack {
  const api = {
    allocation: (consumer: string) => Promise.resolve(consumer === "of-nova" ? others : held),
    releaseUnchanged: (consumer: string) =>
      consumer === "denied" ? Promise.reject(new PlacementError(kind, "HTTP")) : Promise.resolve(),
  };
  return new GivingBack({
    ...{ api, isOverdue: () => true, clock: { now: () => 600_400 } },
    onGivenBack: (booking) => {
      givenBack.push(booking);
    },
    onCarriedOut: (done) => {
      carriedOut.push(done);
    },
  });
}

beforeEach(() => {
  carriedOut.length = 0;
  givenBack.length = 0;
});

describe("a booking that is given back", () => {
  it("is told once, with where it was, what was booked, and for how long no domain came; one that stays is not", async () => {
    await givingBack("refused").of(waiting, where, signal);
    const told = {
      ...{ order: "give-back", what: "consumer other" },
      booked: { "kvm-1_vgpud_0000_00_02_0": { VGPU: 1 } },
      withoutDomainSeconds: 600,
    };
    assert.deepEqual([carriedOut, givenBack], [[told], ["other"]]);
  });

  it("is vgpud's own, which of one that stays is known, too, once it was looked at", async () => {
    const back = givingBack("refused");
    const isOurs = (): unknown => ["denied", "of-nova", "young"].map((booking) => back.isOurs(booking));
    assert.deepEqual(isOurs(), [undefined, undefined, undefined]);
    await back.of([...waiting, { booking: "of-nova", since: 0 }], where, signal);
    assert.deepEqual(isOurs(), [true, false, undefined]);
  });
});

describe("a booking that Placement does not let go", () => {
  for (const kind of ["unauthorized", "refused", "failed"] as const)
    it(`is told, and keeps no other from being given back: ${kind}`, async () => {
      const back = givingBack(kind);
      assert.deepEqual([...(await back.of(waiting, where, signal))], ["other"]);
      assert.deepEqual(back.untold, [{ kind: "not-given-back", what: "consumer denied", message: "HTTP" }]);
    });

  for (const kind of ["conflict", "not-found"] as const)
    it(`is left alone where somebody was faster: ${kind}`, async () => {
      const back = givingBack(kind);
      assert.deepEqual([...(await back.of(waiting, where, signal))], ["other"]);
      assert.deepEqual(back.untold, []);
    });

  it("is looked at after one that was given back and stays so, whatever becomes of the round", async () => {
    const ask = (): Promise<never> => Promise.reject(new PlacementError("unauthorized", "HTTP 401"));
    const back = givingBack("unauthorized");
    await assert.rejects(back.of(waiting.toReversed(), { ...where, ask }, signal));
    assert.deepEqual(givenBack, ["other"]);
  });

  it("fails the round where vgpud is let do nothing else either", async () => {
    const back = givingBack("unauthorized");
    const ask = (): Promise<never> => Promise.reject(new PlacementError("unauthorized", "HTTP 401"));
    await assert.rejects(back.of(waiting, { ...where, ask }, signal), { message: "HTTP 401" });
    assert.deepEqual(back.untold, []);
  });
});
