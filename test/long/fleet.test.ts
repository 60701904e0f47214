// A thousand hosts in front of one Placement on MariaDB: what they cost it when they come, when nothing happens, and when all start
// at once. docs/placement.md plans for more with these figures.
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { durationMs } from "../../agent/config/forms.ts";
import { schedulerKeys } from "../../agent/config/scheduler-keys.ts";
import type { KnownRoot } from "../../agent/schedulers/placement/root-record.ts";
import { Books } from "../schedulers/booked-world.ts";
import { Fleet, type Traffic } from "../schedulers/fleet.ts";
import { startMariadb, type Mariadb } from "../schedulers/mariadb.ts";
import { startPlacement, type Placement } from "../schedulers/placement.ts";

const HOSTS = Number(process.env["FLEET_HOSTS"] ?? "1000");
/** A minute in place of five, so that a few minutes show what holds: reads are five times as many, and told as such. */
const HEAL_EVERY_MS = 60_000;
const WATCHED_MS = 180_000;
/** Asked for every heal of an unchanged host with one GPU: the tree, and what is booked of the GPU. */
const READS_PER_HEAL = 2;
/** How many times the mean of a start of all may be asked in one second of it: nearly four when all asked at one moment. */
const MOST_OVER_MEAN = 3;

function told(what: string, { requests, writes, failed, peak, heals, failedRounds, seconds }: Traffic): void {
  const rate = (requests / seconds).toFixed(1);
  console.log(
    `${what}: ${HOSTS} hosts, ${requests} requests in ${seconds.toFixed(0)} s (${rate}/s, most in a second ${peak}), ` +
      `${writes} writes, ${failed} failed, ${heals} rounds, ${failedRounds} failed rounds`,
  );
}

describe("a fleet in front of Placement on MariaDB", function () {
  this.timeout(3_600_000);
  let mariadb: Mariadb;
  let placement: Placement;
  const records = new Map<number, KnownRoot>();
  before(async () => {
    mariadb = await startMariadb();
    placement = await startPlacement({ database: await mariadb.create("fleet"), workers: 2 });
  });
  after(async () => {
    await (placement as Placement | undefined)?.stop();
    await (mariadb as Mariadb | undefined)?.stop();
  });
  const start = (firstWithinMs: number): Fleet =>
    new Fleet({ url: placement.url, hosts: HOSTS, healEveryMs: HEAL_EVERY_MS, firstWithinMs }, records);

  it("is registered whole, and writes nothing more while nothing changes", async () => {
    await using fleet = start(HOSTS * 150);
    await fleet.told();
    told("registration", fleet.traffic());
    const providers = await new Books(placement).providers();
    assert.equal(providers.length, 2 * HOSTS);
    await delay(HEAL_EVERY_MS);
    fleet.traffic();
    await delay(WATCHED_MS);
    const quiet = fleet.traffic();
    told("nothing changes", quiet);
    assert.deepEqual([quiet.writes, quiet.failed, quiet.failedRounds], [0, 0, 0]);
    // Rounds under way at either end are counted in part.
    const planned = quiet.heals * READS_PER_HEAL;
    assert.ok(Math.abs(quiet.requests - planned) <= 50, `${quiet.requests} reads, ${planned} planned`);
    const due = (HOSTS * WATCHED_MS) / HEAL_EVERY_MS;
    assert.ok(Math.abs(quiet.heals - due) < due / 10, `${quiet.heals} rounds, ${due} due`);
  });

  it("starts all at once without all asking at once, as it is shipped, and writes nothing for it", async () => {
    const { first_within } = schedulerKeys.parse(undefined);
    await using fleet = start(durationMs(first_within));
    await fleet.told();
    const restart = fleet.traffic();
    told(`restart within ${first_within}`, restart);
    const { writes, failed, failedRounds, requests, peak, seconds } = restart;
    assert.deepEqual([writes, failed, failedRounds], [0, 0, 0]);
    const mean = requests / seconds;
    assert.ok(
      peak <= MOST_OVER_MEAN * mean,
      `${peak} requests in a second, ${mean.toFixed(0)} on the average`,
    );
  });

  it("gets over a start of all at the same moment by itself", async () => {
    await using fleet = start(0);
    await fleet.told();
    const restart = fleet.traffic();
    told("restart at one moment", restart);
    assert.equal(restart.writes, 0);
  });
});
