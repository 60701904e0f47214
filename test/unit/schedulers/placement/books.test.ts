// What is known of the books of a GPU while they cannot be read.
import assert from "node:assert/strict";
import type { ClaimId, PciAddress } from "../../../../agent/core/ids.ts";
import { withUnread, type Disagreements } from "../../../../agent/schedulers/placement/books.ts";
import type { GpuSupply } from "../../../../agent/schedulers/supply.ts";

const gpu = "0000:00:02.0" as PciAddress;
const other = "0000:03:00.0" as PciAddress;
const none: Disagreements = { withoutDomain: [], withoutBooking: [], overcommitted: [] };
const held = [{ claimId: "held" as ClaimId, takes: { slices: 1 } }];
const supplied = (address: PciAddress): GpuSupply => ({ gpu: address, held }) as unknown as GpuSupply;
const supply = { gpus: [supplied(gpu), supplied(other)], living: new Set(["came"]) };

const foundOf = (address: PciAddress): Disagreements => ({
  withoutDomain: ["waits", "came"].map((booking) => ({
    ...{ booking, gpu: address, amounts: { slices: 1 }, since: 7 },
  })),
  withoutBooking: ["held", "gone"].map((claimId) => ({
    ...{ claimId: claimId as ClaimId, gpu: address, missing: { slices: 1 } },
  })),
  overcommitted: [{ gpu: address, by: { fences: 4 } }],
});

describe("what was found of a GPU before", () => {
  it("stands while its books cannot be read, with its age, but for bookings that came and claims that went", () => {
    const kept = withUnread(none, foundOf(gpu), { books: [], supply });
    assert.deepEqual(
      kept.withoutDomain.map(({ booking, since }) => [booking, since]),
      [["waits", 7]],
    );
    assert.deepEqual(
      kept.withoutBooking.map(({ claimId }) => claimId),
      ["held"],
    );
    assert.deepEqual(kept.overcommitted, [{ gpu, by: { fences: 4 } }]);
  });

  it("goes when they are read, or the GPU is gone", () => {
    const book = { gpu: supplied(gpu), bookings: new Map(), wanted: { inventories: {}, traits: [] } };
    assert.deepEqual(withUnread(none, foundOf(gpu), { books: [book], supply }), none);
    const without = { ...supply, gpus: [supplied(other)] };
    assert.deepEqual(withUnread(none, foundOf(gpu), { books: [], supply: without }), none);
    assert.deepEqual(withUnread(none, undefined, { books: [], supply }), none);
  });
});
