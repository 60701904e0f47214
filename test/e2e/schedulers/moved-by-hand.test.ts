// A host of Nova's that was renamed after its record was lost: what docs/placement.md has its operator do about the providers from before.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import path from "node:path";
import type { Published } from "../../schedulers/booked-world.ts";
import { placementSuite } from "../../schedulers/placement-suite.ts";
import { until } from "../harness/until.ts";
import { present } from "../harness/world.ts";

describe("the providers of a host of Nova's whose record was lost before it was renamed", function () {
  this.timeout(180_000);
  const suite = placementSuite();

  it("are gone on with once they were moved below the new root, with what is booked there", async () => {
    const [first, second] = [`nova-${randomUUID()}`, `nova-${randomUUID()}`];
    const gpuName = `${second}_vgpud_0000_00_02_0`;
    for (const name of [first, second]) await suite.placement.ask("POST", "/resource_providers", { name });
    const here = await suite.begin({ name: first, placement: `    root: nova\n    host: ${first}` });
    const former = await here.published("the GPU");
    const consumer = randomUUID();
    assert.equal(await here.books.claim(consumer, former.uuid), 204);
    const inSecond = async (): Promise<ReadonlyMap<string, Published>> => await here.books.tree(second);

    await here.world.agent.end();
    await rm(path.join(here.world.stateDir, "scheduler.json"));
    await here.reconfigure(`host: ${first}`, `host: ${second}`);
    await here.world.startAgain();
    const other = await until("another is made", async () => (await inSecond()).get(gpuName));
    assert.notEqual(other.uuid, former.uuid);

    await here.world.agent.end();
    const gone = await suite.placement.ask("DELETE", `/resource_providers/${other.uuid}`);
    assert.equal(gone.status, 204);
    // The body that `openstack resource provider set --name … --parent-provider …` sends.
    const root = present((await inSecond()).get(second)).uuid;
    const place = { name: gpuName, parent_provider_uuid: root };
    const moved = await suite.placement.ask("PUT", `/resource_providers/${former.uuid}`, place);
    assert.equal(moved.status, 200);
    here.faulty.forget();
    await here.world.startAgain();
    await here.faulty.saw({ path: new RegExp(`${former.uuid}/allocations`) });
    assert.deepEqual([...(await inSecond()).keys()].sort(), [second, gpuName].sort());
    assert.equal((await inSecond()).get(gpuName)?.uuid, former.uuid);
    assert.deepEqual(await here.books.holders(former.uuid), [consumer]);
  });
});
