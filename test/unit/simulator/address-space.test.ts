// Ranges as drm_mm gives them out (drm_mm.c), worked out by hand.
import assert from "node:assert/strict";
import { AddressSpace, type Range } from "../../../agent/simulator/address-space.ts";

const APERTURE = { from: 0, to: 1024 };
const HIDDEN = { from: 1024, to: 4096 };

function space(): AddressSpace {
  return new AddressSpace(4096, [
    { start: 0, size: 128 },
    { start: 3712, size: 384 },
  ]);
}

/** Each taken from the top, one below the other. */
function stack(of: AddressSpace, ...sizes: readonly number[]): Range[] {
  return sizes.map((size) => {
    const range = of.takeHighest(size, HIDDEN);
    assert.ok(range);
    return range;
  });
}

describe("the simulated graphics address space", () => {
  it("gives low ranges from the bottom and high ones from the top", () => {
    const both = space();
    assert.deepEqual(both.takeLowest(64, APERTURE), { start: 128, size: 64 });
    assert.deepEqual(both.takeLowest(64, APERTURE), { start: 192, size: 64 });
    assert.deepEqual(both.takeHighest(384, HIDDEN), { start: 3328, size: 384 });
    assert.deepEqual(both.takeHighest(384, HIDDEN), { start: 2944, size: 384 });
  });

  it("gives low ranges the lowest hole with room, not the best", () => {
    const low = space();
    const [first, , third] = [256, 64, 128, 64].map((size) => low.takeLowest(size, APERTURE));
    assert.ok(first && third);
    low.release(third);
    low.release(first);
    assert.deepEqual(low.takeLowest(128, APERTURE), { start: 128, size: 128 });
  });

  it("looks for high ranges at the highest hole, then takes the one that fits best", () => {
    const high = space();
    const [top, , large] = stack(high, 384, 512, 1024, 128, 512);
    assert.ok(top && large);
    for (const range of [top, large]) high.release(range);
    // Holes, from the top: 384, 1024, and what is left above the aperture, 128 with the aperture's 896.
    assert.deepEqual(high.takeHighest(512, HIDDEN), { start: large.start, size: 512 });
    assert.deepEqual(high.takeHighest(384, HIDDEN), { start: top.start, size: 384 });
  });

  it("takes of two holes of one size the one that was made last", () => {
    const high = space();
    const [, first, , second] = stack(high, 384, 512, 384, 512, 384);
    assert.ok(first && second);
    high.release(second);
    high.release(first);
    assert.deepEqual(high.takeHighest(512, HIDDEN), { start: first.start, size: 512 });
  });

  it("is whole again when all is released, in whatever order", () => {
    const high = space();
    const taken = stack(high, 512, 1024, 384, 64);
    for (const index of [2, 0, 3, 1]) high.release(taken[index] ?? { start: 0, size: 0 });
    assert.ok(high.takeHighest(2688, HIDDEN));
  });

  it("has nothing to give where the host lies across it", () => {
    const full = new AddressSpace(2048, [
      { start: 1536, size: 4096 },
      { start: 0, size: 1600 },
    ]);
    assert.equal(full.takeLowest(64, APERTURE), undefined);
    assert.equal(full.takeHighest(64, { from: 1024, to: 2048 }), undefined);
  });
});
