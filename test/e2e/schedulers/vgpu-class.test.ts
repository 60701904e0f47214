// Slices under another resource class than before: what was published in the former one goes, as soon as nobody holds it.
import assert from "node:assert/strict";
import { GVT, type BookedWorld } from "../../schedulers/booked-world.ts";
import { comesTo } from "../../schedulers/diagnosed.ts";
import { placementSuite } from "../../schedulers/placement-suite.ts";

const CUSTOM = "CUSTOM_DESKTOP_SLICE";
const SIZES = { [GVT.low]: "1024/128", [GVT.high]: "3072/384", [GVT.fence]: "32/4" };

describe("another resource class for slices", function () {
  this.timeout(180_000);
  const suite = placementSuite();

  async function startWith(here: BookedWorld, before: string, after: string): Promise<void> {
    await here.world.agent.end();
    await here.reconfigure(before, after);
    await here.world.startAgain();
  }

  it("takes the place of the former, whatever the two are called, and leaves those that others added", async () => {
    const here = await suite.begin({ scheduler: "  heal_every: 1s" });
    const gpu = await here.published("the GPU");
    const all = { total: 7 };
    const added = { [GVT.vgpu]: all, [GVT.low]: { total: 1024 }, DISK_GB: { total: 3 } };
    assert.equal(await here.books.setInventories(gpu, added), 200);

    await startWith(here, "    root: own", "    root: own\n    vgpu_class: VGPU");
    const standard = await here.published("VGPU", ({ inventories }) => "VGPU" in inventories);
    assert.deepEqual(standard.inventories, { VGPU: "7/0", DISK_GB: "3/0", ...SIZES });

    await startWith(here, "vgpu_class: VGPU", `vgpu_class: ${CUSTOM}`);
    const custom = await here.published(CUSTOM, ({ inventories }) => CUSTOM in inventories);
    assert.deepEqual(custom.inventories, { [CUSTOM]: "7/0", DISK_GB: "3/0", ...SIZES });

    await startWith(here, `    vgpu_class: ${CUSTOM}\n`, "");
    const first = await here.published("the first again", ({ inventories }) => GVT.vgpu in inventories);
    assert.deepEqual(first.inventories, { [GVT.vgpu]: "7/0", DISK_GB: "3/0", ...SIZES });
  });

  it("gives nothing more of the former out while it is booked, whose claim goes on counting as booked", async () => {
    const here = await suite.begin({ scheduler: "  heal_every: 1s" });
    const consumer = await here.createBooked("desk-1");
    await startWith(here, "    root: own", "    root: own\n    vgpu_class: VGPU");
    const both = await here.published("VGPU", ({ inventories }) => "VGPU" in inventories);
    assert.deepEqual(both.inventories, { VGPU: "7/1", [GVT.vgpu]: "7/7", ...SIZES });
    assert.notEqual(await here.books.claim("11111111-0000-4000-8000-000000000000", both.uuid), 204);
    // Two rounds that find nothing to send, whatever the first one was in the middle of.
    await here.faulty.saw({ path: /in_tree=/ }, 3);
    here.faulty.forget();
    await here.faulty.saw({ path: /in_tree=/ }, 3);
    assert.deepEqual(here.faulty.writes, []);
    await comesTo(here.world.rpc, "CLAIM_WITHOUT_BOOKING", "PASS");

    await here.world.destroy("desk-1");
    await here.books.release(consumer);
    const one = await here.published("VGPU alone", ({ inventories }) => !(GVT.vgpu in inventories));
    assert.deepEqual(one.inventories, { VGPU: "7/0", ...SIZES });
  });
});
