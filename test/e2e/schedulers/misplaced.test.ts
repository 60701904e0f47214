// Providers of a host's GPUs that Placement does not let be put under the host's name: others are told all there is meanwhile.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { placementSuite } from "../../schedulers/placement-suite.ts";
import { until } from "../harness/until.ts";

const TWO_GPUS =
  'gpus: [{ address: "0000:00:02.0", device: "3e9b", aperture_mib: 1024 }, { address: "0000:03:00.0", device: "3e9b", aperture_mib: 1024, boot_vga: false }]';
const SECOND = "0000_03_00_0";
const HEALS = { method: "GET", path: /in_tree=/ };

describe("a GPU's provider that cannot be given its host's name", function () {
  this.timeout(180_000);
  const suite = placementSuite();

  it("keeps nothing from being written down of what is made beside it", async () => {
    const here = await suite.begin({ scheduler: "  heal_every: 1s", yaml: TWO_GPUS });
    const first = await here.published("the first");
    const second = await here.published("the second", undefined, SECOND);
    await here.world.agent.end();
    await rm(path.join(here.world.stateDir, "scheduler.json"));
    await suite.placement.ask("DELETE", `/resource_providers/${second.uuid}`);
    await takeNameOf(first);
    await here.world.startAgain();
    const again = await here.published("the second", undefined, SECOND);
    const written = await until("it is written down", () =>
      readFile(path.join(here.world.stateDir, "scheduler.json"), "utf8").catch(() => false as const),
    );
    assert.ok(written.includes(again.uuid), written);
    assert.ok(!written.includes(first.uuid), written);
  });

  it("is left as it is where the host has no such GPU any more", async () => {
    const here = await suite.begin({ scheduler: "  heal_every: 1s", yaml: TWO_GPUS });
    await here.published("the first");
    const second = await here.published("the second", undefined, SECOND);
    await here.world.agent.end();
    const gone = { ...second, name: `${here.name}_vgpud_0000_04_00_0` };
    await takeNameOf(gone);
    await here.world.startAgain();
    here.faulty.forget();
    await here.published("the second anew", undefined, SECOND);
    await here.faulty.saw(HEALS, 3);
    const found = await here.books.providers(`?uuid=${second.uuid}`);
    assert.deepEqual(
      found.map(({ uuid }) => uuid),
      [second.uuid],
    );
  });

  /** A provider of another tree bears it, and this one is called as one of another host is. */
  async function takeNameOf({ uuid, name }: { readonly uuid: string; readonly name: string }): Promise<void> {
    const former = name.replace(/^.*_vgpud_/, `former-${randomUUID()}_vgpud_`);
    const where = `/resource_providers/${uuid}`;
    const parent = (await suite.placement.ask("GET", where)).body;
    assert.ok(typeof parent === "object" && parent !== null && "parent_provider_uuid" in parent);
    const { parent_provider_uuid } = parent;
    const { status } = await suite.placement.ask("PUT", where, { name: former, parent_provider_uuid });
    assert.equal(status, 200);
    await suite.placement.ask("POST", "/resource_providers", { name, uuid: randomUUID() });
  }
});
