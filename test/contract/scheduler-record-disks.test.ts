// What a disk of the state directory that fails or hangs does to what Placement is told: nothing but that it is told of.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { refusal } from "../e2e/harness/rpc.ts";
import { until } from "../e2e/harness/until.ts";
import type { BookedWorld, Published } from "../schedulers/booked-world.ts";
import { comesTo, conditionOf } from "../schedulers/diagnosed.ts";
import { placementSuite, type PlacementSuite } from "../schedulers/placement-suite.ts";
import { fullDisk, slowDisk, whyNoDisks, type FaultyDisk } from "./faulty-disks.ts";
import { unlessImpossible } from "./unless-impossible.ts";

/** Longer than any test: such a disk goes on when it is mended. */
const HANGS_S = 3600;

describe("the record of a host's providers on a disk", function () {
  this.timeout(180_000);
  before(async function () {
    unlessImpossible(this, await whyNoDisks());
  });
  const suite = placementSuite();
  const disks: FaultyDisk[] = [];
  // After the hosts of the test have ended.
  after(async () => {
    for (const disk of disks) await disk[Symbol.asyncDispose]();
  });

  const brokenBefore = async (made: Promise<FaultyDisk>): Promise<Waiting> => {
    const disk = await made;
    disks.push(disk);
    return await Waiting.begin(suite, disk);
  };

  it("that is full keeps nothing from Placement, is told of by the name of the file, and is tried again", async () => {
    const { here, disk, publish } = await brokenBefore(fullDisk());
    const gpu = await publish();
    await until("it is told", async () =>
      /scheduler\.json: cannot be written: ENOSPC.*; all else goes on$/.test(await untoldOf(here)),
    );
    const consumer = randomUUID();
    assert.equal(await here.books.claim(consumer, gpu.uuid), 204);
    const { reason } = await refusal(here.create("desk-1", consumer));
    assert.equal(reason, "LEDGER_UNAVAILABLE", "the scheduler lets it in, and the ledger has the word");
    await disk.mend();
    await comesTo(here.world.rpc, "SCHEDULER_UNTOLD", "PASS");
    const written = await readFile(path.join(disk.at, "scheduler.json"), "utf8");
    assert.ok(written.includes(gpu.uuid) && written.includes(here.name));
  });

  it("that hangs keeps nothing from Placement, and is told of as late", async () => {
    const { here, disk, publish } = await brokenBefore(slowDisk(HANGS_S, "fsync"));
    await publish();
    await until("it is told", async () => /has not been written within 5 s/.test(await untoldOf(here)));
    await here.world.makeForeignSlice(randomUUID());
    await here.published("less to give", ({ inventories }) => inventories["CUSTOM_INTEL_VGPU"] === "7/1");
    await disk.mend();
    await comesTo(here.world.rpc, "SCHEDULER_UNTOLD", "PASS");
  });
});

async function untoldOf({ world }: BookedWorld): Promise<string> {
  return (await conditionOf(world.rpc, "SCHEDULER_UNTOLD")).message;
}

/** A host whose disk breaks before Nova has made its root, so that there is something to write down only then. */
class Waiting {
  readonly here: BookedWorld;
  readonly disk: FaultyDisk;
  readonly #suite: PlacementSuite;

  private constructor(here: BookedWorld, disk: FaultyDisk, suite: PlacementSuite) {
    this.here = here;
    this.disk = disk;
    this.#suite = suite;
  }

  static async begin(suite: PlacementSuite, disk: FaultyDisk): Promise<Waiting> {
    const name = `nova-${randomUUID()}`;
    const placement = `    root: nova\n    host: ${name}`;
    const here = await suite.begin({ name, placement, stateDir: disk.at });
    await until("it waits for Nova", async () =>
      (await conditionOf(here.world.rpc, "SCHEDULER_UNAVAILABLE")).message.includes("start nova-compute"),
    );
    await disk.break();
    return new Waiting(here, disk, suite);
  }

  readonly publish = async (): Promise<Published> => {
    await this.#suite.placement.ask("POST", "/resource_providers", { name: this.here.name });
    return await this.here.published("the GPU");
  };
}
