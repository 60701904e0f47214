// The agent's process is killed at every point between a request and its answer, and at random ones, and started again.
import assert from "node:assert/strict";
import { passedBy, plotOf, type PointOnKvm } from "./harness/crash/operations.ts";
import { randomPlot } from "./harness/crash/random-plot.ts";
import { sideBySide, type Runs } from "./harness/crash/side-by-side.ts";
import type { Plot } from "./harness/crash/stage.ts";

/** test/long has hundreds. */
const SEEDS = 20;
const FIRST_SEED = 20_261_127;
/** A test waits until its run has had its turn. */
const PATIENCE_MS = 240_000;

describe("an agent that is killed and started again", function () {
  this.timeout(PATIENCE_MS);
  const points = Object.keys(passedBy) as PointOnKvm[];
  const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index);
  let runs: Runs;

  before(() => {
    const plots: Plot[] = [
      ...points.map((point) => plotOf(passedBy[point], { point, passing: 1 })),
      ...seeds.map(randomPlot),
    ];
    runs = sideBySide(plots);
  });
  after(async () => {
    await runs[Symbol.asyncDispose]();
  });

  for (const [index, point] of points.entries())
    it(`at "${point}" of a ${passedBy[point]} loses and leaks nothing`, async () => {
      const { deaths, flaws } = await runs.of(index);
      assert.deepEqual({ deaths, flaws }, { deaths: [point], flaws: [] });
    });

  for (const [index, seed] of seeds.entries())
    it(`anywhere in operations side by side loses and leaks nothing (seed ${seed})`, async () => {
      const { deaths, flaws } = await runs.of(points.length + index);
      assert.deepEqual(flaws, [], `after an end at ${deaths.join(" and ")}`);
    });
});
