// A thousand ends of the agent's process: at every point that every operation passes, and anywhere in operations at random.
import assert from "node:assert/strict";
import { flawKinds } from "../e2e/harness/crash/flaws.ts";
import { operations, passedBy, plotOf, randomPlot, type OperationName } from "../e2e/harness/crash/plots.ts";
import { sideBySide } from "../e2e/harness/crash/side-by-side.ts";
import { IDLE, type Run } from "../e2e/harness/crash/stage.ts";

/** More points than any operation passes. */
const PASSINGS = 45;
const RANDOM_RUNS = 750;
const FIRST_SEED = 1;
const HOUR_MS = 3_600_000;

describe("an agent that is killed a thousand times", function () {
  this.timeout(HOUR_MS);

  it("loses and leaks nothing", async () => {
    const names = Object.keys(operations) as OperationName[];
    const everyPassing = names.flatMap((name) =>
      Array.from({ length: PASSINGS }, (_, index) => plotOf(name, { point: "any", passing: index + 1 })),
    );
    const anywhere = Array.from({ length: RANDOM_RUNS }, (_, index) => randomPlot(FIRST_SEED + index));
    const plots = [...everyPassing, ...anywhere];
    await using runs = sideBySide(plots);
    const played: Run[] = [];
    for (const index of plots.keys()) played.push(await runs.of(index));
    console.log(table(played));
    for (const [index, name] of names.entries())
      assert.deepEqual(played[(index + 1) * PASSINGS - 1]?.deaths, [IDLE], `${name} passes more points`);
    assert.deepEqual(
      played.flatMap(({ flaws }) => flaws),
      [],
    );
    const ended = new Set(played.flatMap(({ deaths }) => deaths));
    assert.deepEqual(
      Object.keys(passedBy).filter((point) => !ended.has(point)),
      [],
    );
  });
});

/** A line for each point: how often the process ended there, and what of each kind was found wrong afterwards. */
function table(runs: readonly Run[]): string {
  const points = [...Object.keys(passedBy), IDLE];
  const rows = points.map((point) => {
    const there = runs.filter(({ deaths }) => deaths.includes(point));
    return [point, ...counts(there)];
  });
  const lines = [["ended at", "runs", ...flawKinds], ...rows, ["all", ...counts(runs)]];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) => line.map((cell, column) => cell.padEnd(widths?.[column] ?? 0)).join("  "))
    .join("\n");
}

function counts(runs: readonly Run[]): string[] {
  const flaws = runs.flatMap((run) => run.flaws);
  const ofKind = flawKinds.map((wanted) => flaws.filter(({ kind }) => kind === wanted).length);
  return [runs.length, ...ofKind].map(String);
}
