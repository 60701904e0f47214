// A thousand ends of the agent's process: at every point that every operation passes, and anywhere in operations at random.
import assert from "node:assert/strict";
import { messageOf } from "../../agent/core/errors.ts";
import { flawKinds } from "../e2e/harness/crash/flaws.ts";
import { operations, passedBy, plotOf, type OperationName } from "../e2e/harness/crash/operations.ts";
import { randomPlot } from "../e2e/harness/crash/random-plot.ts";
import { sideBySide } from "../e2e/harness/crash/side-by-side.ts";
import { IDLE, type Run } from "../e2e/harness/crash/stage.ts";

/** More than any operation has. */
const MOST_PASSINGS = 60;
const RANDOM_RUNS = 750;
const FIRST_SEED = 1;
const HOUR_MS = 3_600_000;

/** A run with what was played. */
interface Played extends Run {
  readonly plot: string;
}

describe("an agent that is killed a thousand times", function () {
  this.timeout(2 * HOUR_MS);

  it("loses and leaks nothing", async () => {
    const names = Object.keys(operations) as OperationName[];
    /** Operations that were played to their end: they pass no more points. */
    const done = new Set<OperationName>();
    const everyPassing = names.flatMap((operation) =>
      Array.from({ length: MOST_PASSINGS }, (_, index) => ({
        operation,
        name: `${operation}, at point ${index + 1}`,
        plot: {
          ...plotOf(operation, { point: "any", passing: index + 1 }),
          isMoot: () => done.has(operation),
        },
      })),
    );
    const anywhere = Array.from({ length: RANDOM_RUNS }, (_, index) => ({
      operation: undefined,
      name: `seed ${FIRST_SEED + index}`,
      plot: randomPlot(FIRST_SEED + index),
    }));
    const plots = [...everyPassing, ...anywhere];
    await using runs = sideBySide(plots.map(({ plot }) => plot));
    const played: Played[] = [];
    for (const [index, { name, operation }] of plots.entries()) {
      const run = await runs.of(index).catch(neverAtRest);
      if (operation && run.deaths.includes(IDLE)) done.add(operation);
      if (run.deaths.length > 0) played.push({ plot: name, ...run });
      for (const { kind, what } of run.flaws)
        console.log(`${name}, ${run.deaths.join(" and ")}: ${kind}: ${what}`);
    }
    console.log(table(played));
    assert.deepEqual(
      names.filter((name) => !done.has(name)),
      [],
      "they pass more points",
    );
    assert.deepEqual(
      played.flatMap(({ plot, flaws }) => flaws.map((flaw) => ({ plot, ...flaw }))),
      [],
    );
    const ended = new Set(played.flatMap(({ deaths }) => deaths));
    assert.deepEqual(
      Object.keys(passedBy).filter((point) => !ended.has(point)),
      [],
    );
  });
});

/** One that breaks is a line of the table as well: the others are to be seen beside it. */
function neverAtRest(error: unknown): Run {
  return { deaths: ["unknown"], flaws: [{ kind: "never at rest", what: messageOf(error) }] };
}

/** A line for each point: how often the process ended there, and what of each kind was found wrong afterwards. */
function table(runs: readonly Run[]): string {
  const points = [...Object.keys(passedBy), IDLE, "unknown"];
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
