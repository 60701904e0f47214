// The search by itself, on problems that no GPU has: needs that are not nested, things that may go to some bins only.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isWithin,
  packed,
  type Bin,
  type Packing,
  type Problem,
} from "../../../agent/capacity/plan/packing.ts";
import { mostPacked } from "../../../agent/capacity/plan/search.ts";

const problems: fc.Arbitrary<Problem> = fc
  .record({ bins: fc.integer({ min: 0, max: 4 }), resources: fc.integer({ min: 1, max: 3 }) })
  .chain(({ bins, resources }) => {
    const amounts = (max: number): fc.Arbitrary<number[]> =>
      fc.array(fc.integer({ min: 0, max }), { minLength: resources, maxLength: resources });
    const need = fc.option(amounts(4).map((rest) => [1, ...rest]));
    const kind = fc.record({
      count: fc.integer({ min: 0, max: 3 }),
      needs: fc.array(
        need.map((one) => one ?? undefined),
        { minLength: bins, maxLength: bins },
      ),
    });
    const bin = amounts(9).map((rest) => [7, ...rest]);
    return fc.record({
      bins: fc.array(bin, { minLength: bins, maxLength: bins }),
      kinds: fc.array(kind, { maxLength: 3 }),
    });
  });

function empty({ bins, kinds }: Problem): Packing {
  return bins.map(() => kinds.map(() => 0));
}

/** By trying every place for every thing. */
function bruteForce({ bins, kinds }: Problem): number {
  const things = kinds.flatMap(({ count, needs }) =>
    Array<(typeof kinds)[number]["needs"]>(count).fill(needs),
  );
  const from = (at: number, free: readonly Bin[]): number => {
    const needs = things[at];
    if (!needs) return 0;
    const ways = needs.flatMap((need, bin) => {
      const room = free[bin];
      if (!need || !room || !isWithin(need, room)) return [];
      const left = free.with(
        bin,
        room.map((amount, r) => amount - (need[r] ?? 0)),
      );
      return [1 + from(at + 1, left)];
    });
    return Math.max(from(at + 1, free), ...ways);
  };
  return from(0, bins);
}

function assertStands({ bins, kinds }: Problem, packing: Packing): void {
  for (const [bin, free] of bins.entries()) {
    const counts = packing[bin] ?? [];
    for (const [r, amount] of free.entries()) {
      const taken = kinds.reduce(
        (sum, { needs }, kind) => sum + (counts[kind] ?? 0) * (needs[bin]?.[r] ?? 0),
        0,
      );
      assert.ok(taken <= amount);
    }
    for (const [kind, { needs }] of kinds.entries())
      if (needs[bin] === undefined) assert.equal(counts[kind] ?? 0, 0);
  }
  for (const [kind, { count }] of kinds.entries())
    assert.ok(packing.reduce((sum, counts) => sum + (counts[kind] ?? 0), 0) <= count);
}

describe("the search for a packing", () => {
  it("finds as many as trying everything does, whatever the needs", function () {
    this.timeout(30_000);
    fc.assert(
      fc.property(problems, (problem) => {
        const { packing, exact } = mostPacked(problem, empty(problem));
        assertStands(problem, packing);
        assert.ok(exact);
        assert.equal(packed(packing), bruteForce(problem));
      }),
      { numRuns: 2_000 },
    );
  });

  it("gives what it has when it may not go on, and says so", () => {
    let givenUp = 0;
    fc.assert(
      fc.property(problems, fc.integer({ min: 1, max: 30 }), (problem, effort) => {
        const { packing, exact } = mostPacked(problem, empty(problem), effort);
        assertStands(problem, packing);
        const best = bruteForce(problem);
        if (exact) assert.equal(packed(packing), best);
        else givenUp += 1;
      }),
      { numRuns: 1_000 },
    );
    assert.ok(givenUp > 0);
  });

  it("keeps what there is when nothing is better", () => {
    const problem: Problem = { bins: [[7, 4]], kinds: [{ count: 9, needs: [[1, 1]] }] };
    const known = [[4]];
    assert.deepEqual(mostPacked(problem, known), { packing: known, exact: true });
  });
});
