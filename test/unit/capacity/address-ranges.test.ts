// Places by drm_mm's rules, worked out by hand from drm_mm_insert_node_in_range.
import assert from "node:assert/strict";
import {
  highestPlaces,
  holesOf,
  largestPiece,
  lowestPlace,
  piecesLeft,
  type Space,
} from "../../../agent/capacity/address-ranges.ts";
import type { Range } from "../../../agent/inventory/memory.ts";

const LOW = { start: 0, end: 1024 };
const HIGH = { start: 1024, end: 4096 };

function space(...used: readonly (readonly [start: number, end: number])[]): Space {
  return { end: 4096, used: used.map(([start, end]) => ({ start, end })) };
}

function starts(ranges: readonly Range[]): number[] {
  return ranges.map(({ start }) => start).sort((a, b) => a - b);
}

describe("an address space", () => {
  it("has its holes between what is in use", () => {
    assert.deepEqual(holesOf(space()), [{ start: 0, end: 4096 }]);
    assert.deepEqual(holesOf(space([0, 128], [128, 256], [512, 4096])), [{ start: 256, end: 512 }]);
  });

  it("gives low ranges the lowest hole with room, and the start of it", () => {
    const used = space([0, 128], [192, 512], [600, 3712]);
    assert.deepEqual(lowestPlace(used, LOW, 64), { start: 128, end: 192 });
    assert.deepEqual(lowestPlace(used, LOW, 80), { start: 512, end: 592 });
    assert.equal(lowestPlace(used, LOW, 128), undefined);
  });

  it("gives low ranges no address beyond the aperture, though the hole goes on", () => {
    const used = space([0, 960], [2048, 4096]);
    assert.equal(lowestPlace(used, LOW, 128), undefined);
    assert.deepEqual(lowestPlace(used, LOW, 64), { start: 960, end: 1024 });
  });

  it("gives high ranges the end of the highest hole where that has room", () => {
    const used = space([0, 1024], [1536, 2048], [3712, 4096]);
    assert.deepEqual(highestPlaces(used, HIGH, 512), [{ start: 3200, end: 3712 }]);
  });

  it("gives high ranges the smallest hole with room where the highest has none, or the highest with room", () => {
    // Holes of 1024, 512 and 256.
    const used = space([0, 1024], [2048, 2560], [3072, 3200], [3456, 4096]);
    assert.deepEqual(starts(highestPlaces(used, HIGH, 512)), [2560]);
    assert.deepEqual(starts(highestPlaces(used, HIGH, 384)), [2560, 2688]);
    assert.deepEqual(starts(highestPlaces(used, HIGH, 1024)), [1024]);
    assert.deepEqual(highestPlaces(used, HIGH, 1152), []);
  });

  it("leaves open which of two holes of one size is taken", () => {
    const used = space([0, 1024], [1536, 2048], [2560, 3072], [3200, 4096]);
    assert.deepEqual(starts(highestPlaces(used, HIGH, 512)), [1024, 2048]);
  });

  it("counts a hole in full where it reaches into the aperture, so that best fit passes it over", () => {
    // 768 to 1536 is the larger hole, 512 of it high; 2048 to 2688 is the smaller.
    const used = space([0, 768], [1536, 2048], [2688, 3584], [3600, 4096]);
    assert.ok(starts(highestPlaces(used, HIGH, 512)).every((start) => start >= 2048));
    assert.ok(starts(highestPlaces(used, HIGH, 640)).every((start) => start === 2048));
  });

  it("says how large the largest piece inside a window is, and how many pieces of a size there are", () => {
    const used = space([0, 128], [192, 512], [640, 1600], [3712, 4096]);
    assert.equal(largestPiece(used, LOW), 128);
    assert.equal(largestPiece(used, HIGH), 2112);
    assert.equal(piecesLeft(used, LOW, 64), 3);
    assert.equal(piecesLeft(used, HIGH, 1024), 2);
    assert.equal(largestPiece(space([0, 4096]), HIGH), 0);
  });
});
