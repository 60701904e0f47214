// What the books of several GPUs tell together, and what is known of those of one while they cannot be read.
import assert from "node:assert/strict";
import type { ClaimId, PciAddress } from "../../../../agent/core/ids.ts";
import { classesWith, SLICES_CLASS } from "../../../../agent/core/placement-names.ts";
import {
  disagreementsOf,
  withUnread,
  type Book,
  type Disagreements,
} from "../../../../agent/schedulers/placement/books.ts";
import type { GpuSupply } from "../../../../agent/schedulers/supply.ts";

const gpu = "0000:00:02.0" as PciAddress;
const other = "0000:03:00.0" as PciAddress;
const none: Disagreements = { withoutDomain: [], withoutBooking: [], overcommitted: [] };
const held = [{ claimId: "held" as ClaimId, takes: { slices: 1 } }];
const supplied = (address: PciAddress): GpuSupply => ({ gpu: address, held }) as unknown as GpuSupply;
const supply = { gpus: [supplied(gpu), supplied(other)], living: new Set(["came"]) };

const firstSeen = (): number => 9;

const foundOf = (address: PciAddress): Disagreements => ({
  withoutDomain: ["waits", "came"].map((booking) => ({
    ...{ booking, gpu: address, amounts: { slices: 1 }, since: 7 },
  })),
  withoutBooking: ["held", "gone"].map((claimId) => ({
    ...{ claimId: claimId as ClaimId, gpu: address, missing: { slices: 1 }, bookedOn: undefined },
  })),
  overcommitted: [{ gpu: address, by: { fences: 4 } }],
});

describe("what was found of a GPU before", () => {
  it("stands while its books cannot be read, but for bookings that came and claims that went, with the age that is known now", () => {
    const kept = withUnread(none, foundOf(gpu), { books: [], supply, firstSeen });
    assert.deepEqual(
      kept.withoutDomain.map(({ booking, since }) => [booking, since]),
      [["waits", 9]],
    );
    assert.deepEqual(
      kept.withoutBooking.map(({ claimId }) => claimId),
      ["held"],
    );
    assert.deepEqual(kept.overcommitted, [{ gpu, by: { fences: 4 } }]);
  });

  it("goes when they are read, or the GPU is gone", () => {
    const book = { gpu: supplied(gpu), bookings: new Map(), wanted: { inventories: {}, traits: [] } };
    assert.deepEqual(withUnread(none, foundOf(gpu), { books: [book], supply, firstSeen }), none);
    const without = { ...supply, gpus: [supplied(other)] };
    assert.deepEqual(withUnread(none, foundOf(gpu), { books: [], supply: without, firstSeen }), none);
    assert.deepEqual(withUnread(none, undefined, { books: [], supply, firstSeen }), none);
  });
});

describe("a claim that is booked on another GPU of the host", () => {
  const classes = classesWith(SLICES_CLASS);
  const bookOf = (address: PciAddress, here: readonly string[], booked: readonly string[]): Book => ({
    gpu: {
      ...supplied(address),
      offers: new Map(),
      held: held.filter(({ claimId }) => here.includes(claimId)),
    },
    bookings: new Map(booked.map((each) => [each, { slices: 1 }])),
    wanted: { inventories: {}, traits: [] },
  });
  const found = (books: readonly Book[]): Disagreements =>
    disagreementsOf(books, { living: new Set(["held"]) }, { classes, firstSeen: () => 7 });
  const there = bookOf(gpu, ["held"], []);
  const elsewhere = { claimId: "held", gpu, missing: { slices: 1 }, bookedOn: other };

  it("is told with both, and one that is booked nowhere with its own alone", () => {
    const moved = found([there, bookOf(other, [], ["held"])]);
    assert.deepEqual([moved.withoutDomain, moved.withoutBooking], [[], [elsewhere]]);
    const lost = found([there, bookOf(other, [], [])]);
    assert.deepEqual(lost.withoutBooking, [{ ...elsewhere, bookedOn: undefined }]);
  });

  it("stays so while the books of the other cannot be read", () => {
    const before = found([there, bookOf(other, [], ["held"])]);
    const read = withUnread(found([there]), before, { books: [there], supply, firstSeen });
    assert.deepEqual(read.withoutBooking, [elsewhere]);
    const both = [there, bookOf(other, [], [])];
    const gone = withUnread(found(both), before, { books: both, supply, firstSeen });
    assert.deepEqual(gone.withoutBooking, [{ ...elsewhere, bookedOn: undefined }]);
  });
});
