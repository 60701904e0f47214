// Placement as clouds have it: several workers on MariaDB, both as they come. What it grants twice, a host has to refuse.
import assert from "node:assert/strict";
import { z } from "zod";
import { startMariadb, type Mariadb } from "../schedulers/mariadb.ts";
import { startPlacement, type Placement } from "../schedulers/placement.ts";

const RACERS = 6;
const ROUNDS = 40;
const generationSchema = z.object({ generation: z.number() });
const allocationsSchema = z.object({ allocations: z.record(z.string(), z.unknown()) });

describe("Placement on MariaDB", function () {
  this.timeout(600_000);
  let mariadb: Mariadb;
  before(async () => {
    mariadb = await startMariadb();
  });
  after(async () => {
    await (mariadb as Mariadb | undefined)?.stop();
  });

  /** How many of those who asked at once for the only slot of a new provider have it. */
  async function race(placement: Placement, round: number): Promise<number> {
    const uuid = numbered(0, round);
    const made = await placement.ask("POST", "/resource_providers", { name: `gpu-${round}`, uuid });
    const { generation } = generationSchema.parse(made.body);
    const inventories = { VGPU: { total: 1 } };
    const put = { resource_provider_generation: generation, inventories };
    assert.equal((await placement.ask("PUT", `/resource_providers/${uuid}/inventories`, put)).status, 200);
    const claim = (racer: number) =>
      placement.ask("PUT", `/allocations/${numbered(racer, round)}`, {
        allocations: { [uuid]: { resources: { VGPU: 1 } } },
        ...{ project_id: "p", user_id: "u", consumer_generation: null, consumer_type: "INSTANCE" },
      });
    await Promise.all(Array.from({ length: RACERS }, (_, index) => claim(index + 1)));
    return await grants(placement, uuid);
  }

  async function grants(placement: Placement, provider: string): Promise<number> {
    const { body } = await placement.ask("GET", `/resource_providers/${provider}/allocations`);
    return Object.keys(allocationsSchema.parse(body).allocations).length;
  }

  it("keeps what it was told over a restart of all workers", async () => {
    await using placement = await startPlacement({ database: await mariadb.create("kept"), workers: 2 });
    const granted = await race(placement, 1);
    await placement.restart();
    assert.equal(await grants(placement, numbered(0, 1)), granted);
  });

  it("grants the same slot twice now and then, as it comes", async () => {
    await using placement = await startPlacement({ database: await mariadb.create("twice"), workers: 2 });
    for (let round = 1; round <= ROUNDS; round += 1) if ((await race(placement, round)) > 1) return;
    assert.fail(`no slot was granted twice in ${ROUNDS} races`);
  });

  it("never does when it does not try a conflicting claim again", async () => {
    const database = await mariadb.create("once");
    await using placement = await startPlacement({ database, workers: 2, allocationConflictRetryCount: 1 });
    for (let round = 1; round <= ROUNDS; round += 1) assert.equal(await race(placement, round), 1);
  });
});

/** A UUID, of a claim by its racer, of a provider by 0. */
function numbered(racer: number, round: number): string {
  return `1a9d1b5c-0000-4000-800${racer}-${String(round).padStart(12, "0")}`;
}
