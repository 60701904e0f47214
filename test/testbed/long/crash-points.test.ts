// The agent's process is killed at every point of its work beside a real kernel, libvirt and QEMU, and started again.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { CrashPoint } from "../../../agent/lifecycle/crash-points.ts";
import { passedBy, plotOf, type OperationName, type PointOnKvm } from "../../e2e/harness/crash/operations.ts";
import { Stage, type Run } from "../../e2e/harness/crash/stage.ts";
import { table } from "../../e2e/harness/crash/table.ts";
import { BedWorld } from "../crash-world.ts";
import { bed } from "../suite-bed.ts";

/** In the bed a create fails at its slice, and comes to its domain's start only when it succeeds. */
const passedInBed: Readonly<Record<PointOnKvm, OperationName>> = {
  ...passedBy,
  "before start-domain": "create",
};
/** At which point of which operation the process ends. */
const ends: readonly (readonly [CrashPoint, OperationName])[] = [
  ...(Object.keys(passedInBed) as PointOnKvm[]).map((point) => [point, passedInBed[point]] as const),
  // The host has less than the ledger says of a domain that is to go.
  ["after remove-vgpu", "destroy"],
];
const log = "dist/testbed-log/crash-points.log";

describe("an agent in the bed that is killed and started again", function () {
  this.timeout(900_000);
  let world: BedWorld;
  let stage: Stage;
  const runs: Run[] = [];

  before(async () => {
    await bed.reset("minimal");
    world = await BedWorld.open(bed);
    stage = await Stage.on(world);
  });
  after(async () => {
    await stage[Symbol.asyncDispose]();
    await mkdir(path.dirname(log), { recursive: true });
    await writeFile(log, `${table(runs)}\n`);
    await bed.reset();
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
});
