// Which PCI functions are GPUs, and what the bus tells about them.
import assert from "node:assert/strict";
import { bar2Mib, findGpus, type PciGpu } from "../../../agent/discovery/pci-gpus.ts";
import { readHostFacts } from "../../../agent/discovery/host-facts.ts";
import { RootedFiles } from "../../../agent/host/files.ts";
import { hostTree, linkTo, type Tree } from "../../fakes/host-tree.ts";

const BAR2_256M = [
  "0x00000000de000000 0x00000000deffffff 0x0000000000140204",
  "0x0000000000000000 0x0000000000000000 0x0000000000000000",
  "0x00000000c0000000 0x00000000cfffffff 0x000000000014220c",
].join("\n");

const kabyLake: Tree = {
  vendor: "0x8086",
  device: "0x5917",
  class: "0x030000",
  numa_node: "-1",
  boot_vga: "1",
  resource: BAR2_256M,
  driver: linkTo("../../../bus/pci/drivers/i915"),
  iommu_group: linkTo("../../../kernel/iommu_groups/1"),
  drm: { card0: { "card0-HDMI-A-1": {} }, renderD128: {} },
};

async function found(devices: Tree): Promise<PciGpu[]> {
  await using tree = await hostTree({ "sys/bus/pci/devices": devices });
  const gpus = await findGpus(new RootedFiles(tree.root));
  return gpus.map(({ binding, ...gpu }) => {
    assert.equal(binding === undefined, gpu.driver === undefined);
    return gpu;
  });
}

describe("finding GPUs", () => {
  it("reads what the bus tells about an Intel display function", async () => {
    assert.deepEqual(await found({ "0000:00:02.0": kabyLake }), [
      {
        address: "0000:00:02.0",
        vendorId: "8086",
        deviceId: "5917",
        pciClass: "030000",
        driver: "i915",
        numaNode: undefined,
        iommuGroup: 1,
        drmCard: "card0",
        drmRender: "renderD128",
        bootVga: true,
        apertureMib: 256,
      },
    ]);
  });

  it("takes no virtual function for one, also when its removal hangs and its link to its GPU is gone", async () => {
    const sriov = { sriov_totalvfs: "31", sriov_offset: "7", sriov_stride: "1" };
    const flex = { ...kabyLake, class: "0x038000" };
    const devices = {
      "0000:3d:00.0": { ...flex, ...sriov },
      "0000:3d:00.7": { ...flex, physfn: linkTo("../0000:3d:00.0") },
      "0000:3d:01.0": flex,
      "0000:3d:04.5": flex,
      "0000:3d:04.6": flex,
      "0000:3e:00.0": flex,
    };
    assert.deepEqual(
      (await found(devices)).map(({ address }) => address),
      ["0000:3d:00.0", "0000:3d:04.6", "0000:3e:00.0"],
    );
  });

  it("takes VGA and other display controllers of Intel and nothing else", async () => {
    const devices = {
      "0000:00:00.0": { ...kabyLake, class: "0x060000" },
      "0000:00:02.0": { ...kabyLake, class: "0x038000" },
      "0000:00:03.0": { ...kabyLake, class: "0x040300" },
      "0000:01:00.0": { ...kabyLake, vendor: "0x10de" },
      "0000:02:00.0": { ...kabyLake, class: "0x030200" },
    };
    assert.deepEqual(
      (await found(devices)).map(({ address }) => address),
      ["0000:00:02.0"],
    );
  });

  it("takes no virtual function for a GPU", async () => {
    const virtual = { ...kabyLake, physfn: linkTo("../0000:00:02.0") };
    assert.deepEqual(
      (await found({ "0000:00:02.0": kabyLake, "0000:00:02.1": virtual })).map(({ address }) => address),
      ["0000:00:02.0"],
    );
  });

  it("shows a GPU of which the kernel tells next to nothing", async () => {
    const [gpu] = await found({ "0000:00:02.0": { vendor: "0x8086", class: "0x030000" } });
    assert.ok(gpu);
    const { driver, numaNode, iommuGroup, drmCard, drmRender, bootVga, apertureMib } = gpu;
    const facts = [driver, numaNode, iommuGroup, drmCard, drmRender, bootVga, apertureMib];
    assert.ok(facts.every((fact) => fact === undefined));
  });

  it("is not led astray by odd files", async () => {
    const odd = { ...kabyLake, numa_node: "one", boot_vga: "", resource: "garbage", drm: { version: "1" } };
    const [gpu, ...others] = await found({
      "0000:00:02.0": odd,
      "0000:00:03.0": { ...kabyLake, class: "display" },
      "0000:00:04.0": { ...kabyLake, vendor: "" },
      "not-an-address": kabyLake,
      "0000:00:05.0": {},
    });
    assert.deepEqual(others, []);
    assert.ok(gpu);
    const { numaNode, bootVga, apertureMib, drmCard } = gpu;
    assert.deepEqual([numaNode, bootVga, apertureMib, drmCard], [undefined, undefined, undefined, undefined]);
  });

  it("takes no number that the kernel could not have meant", async () => {
    const [gpu] = await found({ "0000:00:02.0": { ...kabyLake, numa_node: "9".repeat(400) } });
    assert.equal(gpu?.numaNode, undefined);
  });

  it("finds none on a machine without a PCI bus", async () => {
    await using tree = await hostTree({});
    assert.deepEqual(await findGpus(new RootedFiles(tree.root)), []);
  });
});

describe("the aperture", () => {
  const bar2 = (line: string): number | undefined => bar2Mib(["", "", line].join("\n"));

  it("is the size of BAR 2", () => {
    assert.equal(bar2Mib(BAR2_256M), 256);
    assert.equal(bar2("0x0000004000000000 0x00000040ffffffff 0x000000000014220c"), 4096);
  });

  it("is unknown when the BAR is not assigned, or not shown", () => {
    assert.equal(bar2("0x0000000000000000 0x0000000000000000 0x0000000000000000"), undefined);
    assert.equal(bar2Mib("0x0 0x1 0x2"), undefined);
    assert.equal(bar2(`0x0 0x${"f".repeat(64)} 0x0`), undefined);
    assert.equal(bar2Mib(undefined), undefined);
  });
});

describe("facts of the host", () => {
  const factsOf = async (tree: Tree): ReturnType<typeof readHostFacts> => {
    await using host = await hostTree(tree);
    return await readHostFacts(new RootedFiles(host.root));
  };

  it("are read from the kernel", async () => {
    const kernel = { hostname: "node1", osrelease: "6.1.0-56-amd64", random: { boot_id: "b" } };
    assert.deepEqual(await factsOf({ "proc/sys/kernel": kernel, "sys/class/misc/kvm": { dev: "10:232" } }), {
      hostname: "node1",
      bootId: "b",
      kernelRelease: "6.1.0-56-amd64",
      hypervisor: "kvm",
    });
  });

  it("say which CPUs are on which node, where there are nodes", async () => {
    const nodes = { node1: { cpulist: "4-7" }, node0: { cpulist: "0-3" }, node10: {}, power: {} };
    assert.deepEqual((await factsOf({ "sys/devices/system/node": nodes })).numaNodes, [
      { node: 0, cpus: "0-3" },
      { node: 1, cpus: "4-7" },
      { node: 10, cpus: "" },
    ]);
  });

  it("tell the control domain of Xen from its guests", async () => {
    const xen = { "sys/hypervisor": { type: "xen" } };
    assert.equal((await factsOf({ ...xen, "proc/xen": { capabilities: "control_d" } })).hypervisor, "xen");
    assert.equal((await factsOf({ ...xen, "proc/xen": { capabilities: "" } })).hypervisor, "xen-guest");
    assert.equal((await factsOf({})).hypervisor, "none");
  });
});
