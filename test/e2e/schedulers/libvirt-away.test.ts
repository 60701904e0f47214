// A host whose libvirt is away, in front of which Placement goes on being told: no more is given out, and a drain is told.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { HostServiceService as Hosts } from "../../../proto/gen/vgpud/v1/host_service.ts";
import { GVT, SMALL, type Published } from "../../schedulers/booked-world.ts";
import { comesTo, conditionOf } from "../../schedulers/diagnosed.ts";
import { placementSuite } from "../../schedulers/placement-suite.ts";
import { until } from "../harness/until.ts";

const isDrained = ({ traits }: Published): boolean => traits.includes("CUSTOM_INTEL_VGPU_DRAINED");
const gives =
  (slices: string) =>
  ({ inventories }: Published): boolean =>
    inventories[GVT.vgpu] === slices;

describe("a host with Placement in front whose libvirt is away", function () {
  this.timeout(180_000);
  const suite = placementSuite();

  it("gives nothing more out, is drained all the same, and gives out again what there is", async () => {
    const here = await suite.begin();
    await here.createBooked("desk-1");
    await here.published("the GPU", gives("7/0"));
    await here.world.setFaults({ kind: "LIBVIRT_GONE" });
    const away = await here.published("nothing to give", gives("7/7"));
    assert.ok(!isDrained(away), "that nobody asked for");
    assert.equal(await here.books.claim(randomUUID(), away.uuid), 409, "nobody is sent here in vain");
    await here.world.rpc.call(Hosts.drainHost, { note: "libvirt is broken" });
    await here.published("the drain", isDrained);
    const { message } = await comesTo(here.world.rpc, "SCHEDULER_UNAVAILABLE", "PASS");
    assert.match(message, /nothing of it is given out/);
    await here.world.rpc.call(Hosts.undrainHost, {});
    await here.published("its end", (gpu) => !isDrained(gpu) && gives("7/7")(gpu));
    await here.world.clearFaults();
    await here.published("all there is", gives("7/0"));
  });

  it("is told of after a restart, too, and of a booking whose domain cannot be seen nothing is given back", async () => {
    const here = await suite.begin({ scheduler: "  heal_every: 1s\n  claim_grace: 1s" });
    const gpu = await here.published("the GPU");
    await here.world.setFaults({ kind: "LIBVIRT_GONE" });
    await here.published("nothing to give", gives("7/7"));
    await here.world.agent.end();
    // Booked before, as far as anybody can tell.
    await here.books.setInventories(gpu, { [GVT.vgpu]: { total: 7 } });
    const consumer = randomUUID();
    assert.equal(await here.books.claim(consumer, gpu.uuid, { [GVT.vgpu]: SMALL[GVT.vgpu] }, "VGPUD"), 204);
    await here.world.startAgain();
    await here.published("nothing to give again", gives("7/7"));
    const read = { method: "GET", path: new RegExp(`${gpu.uuid}/allocations`) };
    here.faulty.forget();
    await until("the books are compared again and again", () => {
      const readings = here.faulty.seen.filter((each) => read.path.test(each.path));
      return Promise.resolve(readings.length >= 6);
    });
    assert.deepEqual(await here.books.holders(gpu.uuid), [consumer]);
    const { status } = await conditionOf(here.world.rpc, "SCHEDULER_UNAVAILABLE");
    assert.equal(status, "CONDITION_STATUS_PASS");
    assert.match(await here.world.scrape(), /^vgpud_scheduler_up 1$/m);
    await here.world.clearFaults();
    await until("it is given back", async () => (await here.books.holders(gpu.uuid)).length === 0);
  });
});
