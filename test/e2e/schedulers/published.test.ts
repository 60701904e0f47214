// What Placement is told of a host: every mode, what is kept back, and nothing twice.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import {
  GpuServiceService as Gpus,
  SetGpuModeRequest,
  SetVirtualFunctionsRequest,
} from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { HostServiceService as Hosts } from "../../../proto/gen/vgpud/v1/host_service.ts";
import { BookedWorld, GVT, type BookedSetting } from "../../schedulers/booked-world.ts";
import { placementSuite } from "../../schedulers/placement-suite.ts";
import { FLEX_HOST, GPU, SECOND_GPU } from "../harness/requests.ts";
import { until } from "../harness/until.ts";
import { present } from "../harness/world.ts";
import { BROADWELL, BY_AGENT } from "../harness/xengt-host.ts";

const TRAIT = "CUSTOM_INTEL_VGPU_";
const EMPTY = { [GVT.vgpu]: "7/0", [GVT.low]: "1024/128", [GVT.high]: "3072/384", [GVT.fence]: "32/4" };

describe("Placement is told of a host", function () {
  this.timeout(180_000);
  const suite = placementSuite();
  let here: BookedWorld;
  const begin = async (setting: BookedSetting = {}): Promise<void> => {
    here = await suite.begin(setting);
  };

  it("its root, and each GPU below it with the three quantities of GVT-g, the host's share reserved", async () => {
    const aggregate = randomUUID();
    await begin({ placement: `    root: own\n    aggregates: [${aggregate}]` });
    const gpu = await here.published("the GPU");
    const root = present((await here.books.tree(here.name)).get(here.name));
    assert.deepEqual([root.parent, root.inventories], [null, {}]);
    const ofRoot = root.traits.map((trait) => trait.replace(/[0-9A-F]{32}$/, "ID"));
    assert.deepEqual(new Set(ofRoot), new Set([`${TRAIT}HYPERVISOR_KVM`, "CUSTOM_VGPUD_MACHINE_ID"]));
    assert.equal(gpu.parent, root.uuid);
    assert.deepEqual(gpu.inventories, EMPTY);
    assert.deepEqual(
      [...gpu.traits].sort(),
      [
        "HYPERVISOR_KVM",
        "MODE_GVT_G",
        "PLATFORM_COFFEE_LAKE",
        ...[1, 2, 4, 8].map((n) => `TYPE_I915_GVTG_V5_${n}`),
      ].map((name) => TRAIT + name),
    );
    // Suffixed groups of a request are looked for among members, and a root alone is none.
    assert.deepEqual([root.aggregates, gpu.aggregates], [[aggregate], [aggregate]]);
  });

  it("the class that the configuration names for slices", async () => {
    await begin({ placement: "    root: own\n    vgpu_class: VGPU" });
    const gpu = await here.published("the GPU");
    assert.equal(gpu.inventories["VGPU"], "7/0");
    assert.equal(gpu.inventories[GVT.vgpu], undefined);
  });

  it("nothing that XenGT of 2015 lets slices share", async () => {
    await begin({ yaml: BROADWELL, settings: BY_AGENT, libvirtUri: "xen:///system" });
    const gpu = await here.published("the GPU");
    assert.equal(gpu.inventories[GVT.high], undefined);
    assert.equal(gpu.inventories[GVT.low], "512/128");
    assert.ok(gpu.traits.includes(`${TRAIT}HYPERVISOR_XEN`));
  });

  it("virtual functions once they are made, with their mode", async () => {
    await begin({ yaml: FLEX_HOST });
    const cut = SetGpuModeRequest.fromPartial({ gpu: SECOND_GPU, mode: Mode.SRIOV });
    await here.world.rpc.call(Gpus.setGpuMode, cut);
    const four = SetVirtualFunctionsRequest.fromPartial({ gpu: SECOND_GPU, count: 4 });
    await here.world.rpc.call(Gpus.setVirtualFunctions, four);
    const gpu = await here.published(
      "four functions",
      ({ traits }) => traits.includes(`${TRAIT}MODE_SRIOV`),
      "0000_03_00_0",
    );
    assert.deepEqual(gpu.inventories, { CUSTOM_INTEL_VGPU_VF: "4/0" });
  });

  it("a GPU that is given away whole as one, and seats as many as are configured", async () => {
    await begin({ settings: "limits: { render_seats: 3 }" });
    await here.setMode("GVT_S");
    const seats = await here.published("seats", ({ inventories }) => "CUSTOM_INTEL_VGPU_SEAT" in inventories);
    assert.deepEqual(seats.inventories, { CUSTOM_INTEL_VGPU_SEAT: "3/0" });
    await here.setMode("GVT_D");
    const whole = await here.published("the GPU as one", ({ traits }) =>
      traits.includes(`${TRAIT}MODE_GVT_D`),
    );
    assert.deepEqual(whole.inventories, { CUSTOM_INTEL_GPU: "1/0" });
  });

  it("what slices of others take as reserved, without their being booked", async () => {
    await begin();
    await here.published("the GPU");
    await here.world.makeForeignSlice(randomUUID());
    const gpu = await here.published("less to give", ({ inventories }) => inventories[GVT.vgpu] === "7/1");
    assert.notEqual(gpu.inventories[GVT.low], EMPTY[GVT.low]);
  });

  it("a drained GPU as all reserved and by a trait, and an undrained one as before", async () => {
    await begin();
    await here.published("the GPU");
    await here.world.rpc.call(Gpus.drainGpu, { gpu: GPU, note: "fan" });
    const drained = await here.published("the drain", ({ traits }) => traits.includes(`${TRAIT}DRAINED`));
    assert.deepEqual(drained.inventories, {
      [GVT.vgpu]: "7/7",
      [GVT.low]: "1024/1024",
      [GVT.high]: "3072/3072",
      [GVT.fence]: "32/32",
    });
    await here.world.rpc.call(Gpus.undrainGpu, { gpu: GPU });
    const back = await here.published("no drain", ({ traits }) => !traits.includes(`${TRAIT}DRAINED`));
    assert.deepEqual(back.inventories, EMPTY);
    await here.world.rpc.call(Hosts.drainHost, { note: "move" });
    await here.published("the host's drain", ({ traits }) => traits.includes(`${TRAIT}DRAINED`));
  });

  it("nothing while nothing changes, and nothing again after a restart", async () => {
    await begin({ scheduler: "  heal_every: 1s" });
    await here.published("the GPU");
    await here.createBooked("desk-1");
    // The booking counted the provider's generation up: what was not changed is read once more.
    here.faulty.forget();
    await here.faulty.saw({ path: /in_tree=/ }, 2);
    here.faulty.forget();
    await here.faulty.saw({ path: /in_tree=/ }, 3);
    assert.deepEqual(here.faulty.writes, []);
    const perHeal = here.faulty.seen.map(({ path }) => path.replace(/[0-9a-f-]{36}/g, "UUID"));
    assert.deepEqual(
      new Set(perHeal),
      new Set(["/resource_providers?in_tree=UUID", "/resource_providers/UUID/allocations"]),
    );
    await here.world.kill();
    here.faulty.forget();
    await here.world.startAgain();
    await here.faulty.saw({ path: /\/allocations$/ }, 2);
    assert.deepEqual(here.faulty.writes, []);
  });

  it("its GPUs below the root that Nova made, which is left as it is", async () => {
    const host = `nova-${randomUUID()}`;
    const setting = { placement: `    root: nova\n    host: ${host}` };
    await begin(setting);
    // No Nova yet: nothing is made in its place.
    await here.faulty.saw({ path: new RegExp(`name=${host}`) }, 2);
    assert.deepEqual(await here.books.providers(`?name=${host}`), []);
    await suite.placement.ask("POST", "/resource_providers", { name: host });
    const [gpu, root] = await until("the GPU is published", async () => {
      const tree = await here.books.tree(host);
      const found = tree.get(`${host}_vgpud_0000_00_02_0`);
      return found && Object.keys(found.inventories).length > 0 && ([found, tree.get(host)] as const);
    });
    assert.equal(gpu.parent, root?.uuid);
    assert.deepEqual([root?.traits, root?.inventories], [[], {}]);
  });

  it("its GPUs below another root of Nova's once the host has its name, with what is booked, whatever fails on the way", async () => {
    const [first, second] = [`nova-${randomUUID()}`, `nova-${randomUUID()}`];
    for (const name of [first, second]) await suite.placement.ask("POST", "/resource_providers", { name });
    await begin({ name: first, placement: `    root: nova\n    host: ${first}` });
    const gpu = await here.published("the GPU");
    const consumer = randomUUID();
    assert.equal(await here.books.claim(consumer, gpu.uuid), 204);
    await here.world.agent.end();
    await here.reconfigure(`host: ${first}`, `host: ${second}`);
    here.faulty.misbehave(
      { method: "PUT", path: new RegExp(`/resource_providers/${gpu.uuid}$`) },
      { kind: "internal error" },
      1,
    );
    await here.world.startAgain();
    const moved = await until("it is moved", async () =>
      (await here.books.tree(second)).get(`${second}_vgpud_0000_00_02_0`),
    );
    assert.deepEqual([moved.uuid, await here.books.holders(moved.uuid)], [gpu.uuid, [consumer]]);
    assert.deepEqual([...(await here.books.tree(first)).keys()], [first]);
  });

  it("nothing of a root that Nova made, once vgpud is to make one of its own", async () => {
    const host = `nova-${randomUUID()}`;
    await suite.placement.ask("POST", "/resource_providers", { name: host });
    await begin({ name: host, placement: `    root: nova\n    host: ${host}` });
    await here.published("the GPU");
    await here.world.agent.end();
    await here.reconfigure("root: nova", "root: own");
    here.faulty.forget();
    await here.world.startAgain();
    await until("it is told why", () =>
      Promise.resolve(here.world.agent.log.includes("which vgpud did not make")),
    );
    assert.deepEqual(here.faulty.writes, []);
  });

  it("nothing below a root of its name that vgpud did not make", async () => {
    const host = `taken-${randomUUID()}`;
    await suite.placement.ask("POST", "/resource_providers", { name: host });
    await begin({ placement: `    root: own\n    host: ${host}` });
    await until("it is told why", () =>
      Promise.resolve(here.world.agent.log.includes("which vgpud did not make")),
    );
    assert.equal((await here.books.tree(host)).size, 1);
    assert.deepEqual(here.faulty.writes, []);
  });

  it("the new name of a host that was renamed, with its bookings", async () => {
    await begin();
    const consumer = await here.createBooked("desk-1");
    const before = await here.published("the GPU");
    await here.world.agent.end();
    const renamed = `renamed-${randomUUID()}`;
    await here.reconfigure(`host: ${here.name}`, `host: ${renamed}`);
    await here.world.startAgain();
    const gpu = await until("it has the new name", async () =>
      (await here.books.tree(renamed)).get(`${renamed}_vgpud_0000_00_02_0`),
    );
    assert.equal(gpu.uuid, before.uuid);
    assert.deepEqual(await here.books.holders(gpu.uuid), [consumer]);
    assert.deepEqual(await here.books.providers(`?name=${here.name}`), []);
  });

  it("that a GPU has gone, once nothing is booked there", async () => {
    await begin({
      yaml: 'gpus: [{ address: "0000:00:02.0", device: "3e9b", aperture_mib: 1024 }, { address: "0000:03:00.0", device: "3e9b", aperture_mib: 1024, boot_vga: false }]',
      scheduler: "  heal_every: 1s",
      // No udev tells of a simulated host's tree.
      settings: "resync: 5s",
    });
    const second = await here.published("both GPUs", undefined, "0000_03_00_0");
    const consumer = randomUUID();
    await here.books.claim(consumer, second.uuid);
    await here.world.setFaults({ kind: "GPU_VANISHES", gpu: SECOND_GPU });
    const shut = await here.published(
      "that it gives nothing more",
      ({ inventories }) => inventories[GVT.vgpu] === "7/7",
      "0000_03_00_0",
    );
    assert.equal(shut.uuid, second.uuid);
    await here.books.release(consumer);
    await until("it is gone", async () => (await here.books.providers(`?uuid=${second.uuid}`)).length === 0);
    await here.published("the other GPU");
    await here.world.clearFaults();
    await here.published("that it is back", undefined, "0000_03_00_0");
  });
});
