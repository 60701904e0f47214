// A thousand ends of the agent's process: at every point that every operation passes, and anywhere in operations at random.
import assert from "node:assert/strict";
import { messageOf } from "../../agent/core/errors.ts";
import { operations, passedBy, plotOf, type OperationName } from "../e2e/harness/crash/operations.ts";
import { randomPlot } from "../e2e/harness/crash/random-plot.ts";
import { sideBySide } from "../e2e/harness/crash/side-by-side.ts";
import { IDLE, type Plot, type Run } from "../e2e/harness/crash/stage.ts";
import { table } from "../e2e/harness/crash/table.ts";

/** More than any operation has. */
const MOST_PASSINGS = 60;
const RANDOM_RUNS = 750;
/** They take from half an hour to some hours: who waits sees how far they are. */
const TABLE_EVERY = 100;
const FIRST_SEED = 1;
const HOUR_MS = 3_600_000;

describe("an agent that is killed a thousand times", function () {
  this.timeout(2 * HOUR_MS);

  it("at every point that an operation passes loses and leaks nothing", async () => {
    const names = Object.keys(operations) as OperationName[];
    /** Operations that were played to their end: they pass no more points. */
    const over = new Set<OperationName>();
    const plots = names.flatMap((operation) =>
      Array.from({ length: MOST_PASSINGS }, (_, index) => ({
        name: `${operation}, at point ${index + 1}`,
        plot: {
          ...plotOf(operation, { point: "any", passing: index + 1 }),
          isMoot: () => over.has(operation),
        },
        onPlayed: ({ deaths }: Run) => deaths.includes(IDLE) && over.add(operation),
      })),
    );
    const played = await playAll(plots);
    const left = names.filter((name) => !over.has(name));
    assert.deepEqual(left, [], "they pass more points");
    const ended = new Set(played.flatMap(({ deaths }) => deaths));
    assert.deepEqual(
      Object.keys(passedBy).filter((point) => !ended.has(point)),
      [],
    );
  });

  it("anywhere in operations side by side loses and leaks nothing", async () => {
    const seeds = Array.from({ length: RANDOM_RUNS }, (_, index) => FIRST_SEED + index);
    await playAll(seeds.map((seed) => ({ name: `seed ${seed}`, plot: randomPlot(seed) })));
  });
});

interface Named {
  readonly name: string;
  readonly plot: Plot;
  readonly onPlayed?: (run: Run) => unknown;
}

/** Prints each flaw when it is found, and the table now and then and at the end. */
async function playAll(plots: readonly Named[]): Promise<readonly Run[]> {
  await using runs = sideBySide(plots.map(({ plot }) => plot));
  const played: Run[] = [];
  for (const [index, { name, onPlayed }] of plots.entries()) {
    const run = await runs.of(index).catch(neverAtRest);
    onPlayed?.(run);
    if (run.deaths.length === 0) continue;
    played.push(run);
    for (const { kind, what } of run.flaws)
      console.log(`${name}, ended at ${run.deaths.join(" and ")}: ${kind}: ${what}`);
    if (played.length % TABLE_EVERY === 0) console.log(table(played));
  }
  console.log(table(played));
  assert.deepEqual(
    played.flatMap(({ flaws }) => flaws),
    [],
  );
  return played;
}

/** One that breaks is a line of the table as well: the others are to be seen beside it. */
function neverAtRest(error: unknown): Run {
  return { deaths: ["unknown"], flaws: [{ kind: "never at rest", what: messageOf(error) }] };
}
