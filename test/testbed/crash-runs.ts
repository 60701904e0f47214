// Ends of the agent's process in the bed, as cases of a `describe`, and their table for people.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { CrashPoint } from "../../agent/lifecycle/crash-points.ts";
import { plotOf, type OperationName } from "../e2e/harness/crash/operations.ts";
import { Stage, type Run } from "../e2e/harness/crash/stage.ts";
import { table } from "../e2e/harness/crash/table.ts";
import type { Bed } from "./bed.ts";
import { BedWorld } from "./crash-world.ts";

interface CrashRuns {
  /** Fresh or reset, and everything in it may be used. */
  readonly bed: () => Bed;
  /** At which point of which operation the process ends. */
  readonly ends: readonly (readonly [CrashPoint, OperationName])[];
  /** A file for the table. */
  readonly log: string;
}

export function crashRuns({ bed, ends, log }: CrashRuns): void {
  let world: BedWorld;
  let stage: Stage;
  const runs: Run[] = [];

  before(async () => {
    world = await BedWorld.open(bed());
    stage = await Stage.on(world);
  });
  after(async () => {
    await stage[Symbol.asyncDispose]();
    await mkdir(path.dirname(log), { recursive: true });
    await writeFile(log, `${table(runs)}\n`);
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") console.error(await world.log());
  });

  for (const [point, operation] of ends)
    it(`at "${point}" of a ${operation} loses and leaks nothing`, async () => {
      const run = await stage.play(plotOf(operation, { point, passing: 1 }));
      runs.push(run);
      assert.deepEqual(run, { deaths: [point], flaws: [] });
    });
}
