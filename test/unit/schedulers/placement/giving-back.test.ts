// What becomes of a booking that is to be given back and cannot be.
import assert from "node:assert/strict";
import { CONSUMER_TYPE } from "../../../../agent/core/placement-names.ts";
import { PlacementError, type PlacementFailure } from "../../../../agent/placement/errors.ts";
import type { Allocation } from "../../../../agent/placement/model.ts";
import { GivingBack } from "../../../../agent/schedulers/placement/giving-back.ts";

const { signal } = new AbortController();
const held: Allocation = {
  ...{ byProvider: new Map([["here", { VGPU: 1 }]]), generation: 1 },
  ...{ projectId: "p", userId: "u", consumerType: CONSUMER_TYPE },
};
const waiting = ["denied", "other"].map((booking) => ({ booking, since: 0 }));
const where = { here: new Set(["here"]), ask: (): Promise<unknown> => Promise.resolve("as ever") };

/** Where the release of `denied` fails so. */
function givingBack(kind: PlacementFailure): GivingBack {
  const api = {
    allocation: () => Promise.resolve(held),
    releaseUnchanged: (consumer: string) =>
      consumer === "denied" ? Promise.reject(new PlacementError(kind, "HTTP")) : Promise.resolve(),
  };
  return new GivingBack(api, () => true);
}

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

  it("fails the round where vgpud is let do nothing else either", async () => {
    const back = givingBack("unauthorized");
    const ask = (): Promise<never> => Promise.reject(new PlacementError("unauthorized", "HTTP 401"));
    await assert.rejects(back.of(waiting, { ...where, ask }, signal), { message: "HTTP 401" });
    assert.deepEqual(back.untold, []);
  });
});
