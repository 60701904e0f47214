// What the simulated kernel makes of drivers and virtual functions, as Linux does.
import assert from "node:assert/strict";
import { parseVgpuId, type PciAddress } from "../../../agent/core/ids.ts";
import { findGpus } from "../../../agent/discovery/pci-gpus.ts";
import { readSriov } from "../../../agent/discovery/virtual-functions.ts";
import type { Sriov } from "../../../agent/inventory/virtual-functions.ts";
import type { Entry } from "../../../agent/simulator/entries.ts";
import { hostEntries } from "../../../agent/simulator/host-tree.ts";
import { parseHost } from "../../../agent/simulator/host-yaml.ts";
import { SimulatedKernel } from "../../../agent/simulator/kernel.ts";
import { virtualAddress } from "../../../agent/simulator/pci-address.ts";
import { ChangingFiles } from "../../fakes/changing-files.ts";
import { pciAddress } from "../../fakes/ids.ts";

const QEMU = { pid: 4711, command: "qemu-system-x86", domain: "desk-1" };
const FLEX = pciAddress(3);
const IGPU = pciAddress(0);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A discrete GPU with xe. */
function flex(kernel = "7.1.0", more = ""): SimulatedKernel {
  const gpu = `{ address: "${FLEX}", device: "56c0", driver: xe, boot_vga: false, total_vfs: 31${more} }`;
  return new SimulatedKernel(parseHost(`{ kernel: ${kernel}, gpus: [${gpu}] }`, "test"), () => "boot");
}

/** An integrated GPU with i915. */
function integrated(more: string): SimulatedKernel {
  const gpu = `{ address: "${IGPU}", device: "4680", ${more} }`;
  return new SimulatedKernel(parseHost(`{ gpus: [${gpu}] }`, "test"), () => "boot");
}

function shown(kernel: SimulatedKernel, address: PciAddress, name: string): Entry | undefined {
  return hostEntries(kernel, () => 0).get(`sys/devices/pci0000:00/${address}/${name}`);
}

function driverLink(kernel: SimulatedKernel, address: PciAddress): string | undefined {
  const entry = shown(kernel, address, "driver");
  return entry?.kind === "link" ? entry.to.replace("../../../bus/pci/drivers/", "") : undefined;
}

async function sriovOf(kernel: SimulatedKernel): Promise<Sriov | undefined> {
  const files = new ChangingFiles(hostEntries(kernel, () => 0));
  const [gpu] = await findGpus(files);
  assert.ok(gpu);
  return await readSriov(files, gpu);
}

async function bind(kernel: SimulatedKernel, address: PciAddress, to?: "vfio-pci" | "xe-vfio-pci") {
  const { functions } = kernel;
  functions.setOverride(address, to);
  if (functions.get(address)?.driver !== "none") await functions.unbind(address);
  return await functions.probe(address);
}

describe("virtual functions of the simulated kernel", () => {
  it("come after their GPU on the bus, each with an IOMMU group of its own", async () => {
    const kernel = flex();
    assert.equal(await kernel.functions.setVfs(FLEX, 31), undefined);
    const made = kernel.functions.virtualOf(FLEX);
    assert.deepEqual(
      [made[0]?.address, made[6]?.address, made[7]?.address, made[30]?.address],
      ["0000:03:02.1", "0000:03:02.7", "0000:03:03.0", "0000:03:05.7"],
    );
    assert.equal(new Set(made.map(({ group }) => group)).size, 31);
  });

  it("are taken by the GPU's driver unless that is switched off", async () => {
    const kernel = flex();
    await kernel.functions.setVfs(FLEX, 1);
    const vf = virtualAddress(FLEX, 1);
    assert.equal(driverLink(kernel, vf), "xe");
    await kernel.functions.setVfs(FLEX, 0);
    kernel.functions.setAutoprobe(FLEX, false);
    await kernel.functions.setVfs(FLEX, 1);
    assert.equal(driverLink(kernel, vf), undefined);
    // A driver that is asked for by name takes it all the same (pci_device_can_probe).
    await bind(kernel, vf, "xe-vfio-pci");
    assert.equal(driverLink(kernel, vf), "xe-vfio-pci");
    await bind(kernel, vf);
    assert.equal(driverLink(kernel, vf), undefined);
  });

  it("are made by no driver but xe and the port of i915, and never beyond their limit", async () => {
    const own = integrated("total_vfs: 7");
    assert.equal(await own.functions.setVfs(IGPU, 0), undefined);
    assert.equal(await own.functions.setVfs(IGPU, 1), "ENOENT");
    assert.equal(await own.functions.setVfs(IGPU, 8), "ERANGE");
    const port = integrated("total_vfs: 7, iov: prelim_iov");
    assert.equal(await port.functions.setVfs(IGPU, 7), undefined);
    await bind(port, IGPU, "vfio-pci");
    assert.equal(port.functions.virtualOf(IGPU).length, 0);
    assert.equal(await port.functions.setVfs(IGPU, 1), "ENOENT");
  });

  it("hold up whoever removes them while a guest has one", async () => {
    const kernel = flex();
    kernel.functions.setAutoprobe(FLEX, false);
    await kernel.functions.setVfs(FLEX, 3);
    const held = virtualAddress(FLEX, 2);
    await bind(kernel, held, "vfio-pci");
    assert.equal(kernel.functions.open(held, QEMU), undefined);
    const removal = kernel.functions.setVfs(FLEX, 0);
    const another = kernel.functions.setVfs(FLEX, 7);
    await turn();
    assert.deepEqual(
      kernel.functions.virtualOf(FLEX).map(({ address, removing }) => [address, removing]),
      [
        [held, true],
        [virtualAddress(FLEX, 3), false],
      ],
    );
    // The links go before the driver does.
    assert.equal(shown(kernel, held, "physfn"), undefined);
    assert.equal(shown(kernel, FLEX, "virtfn1"), undefined);
    assert.ok(hostEntries(kernel, () => 0).has("proc/4711/fd/33"));
    kernel.close(QEMU.pid);
    assert.deepEqual([await removal, await another], [undefined, undefined]);
    assert.equal(kernel.functions.virtualOf(FLEX).length, 7);
  });

  it("go with their GPU, whoever holds them", async () => {
    const kernel = flex();
    await kernel.functions.setVfs(FLEX, 1);
    const vf = virtualAddress(FLEX, 1);
    await bind(kernel, vf, "vfio-pci");
    kernel.functions.open(vf, QEMU);
    const removal = kernel.functions.setVfs(FLEX, 0);
    await turn();
    kernel.setHot({ gone: new Set([FLEX]), drivers: new Map(), kvmgtUnloaded: false });
    assert.equal(await removal, undefined);
    assert.deepEqual(kernel.functions.all, []);
  });

  for (const [folder, contexts] of [
    ["prelim_iov", 9216],
    ["iov", 9216],
  ] as const)
    it(`share what i915 has for them, in the folder ${folder}`, async () => {
      const kernel = integrated(`total_vfs: 7, iov: ${folder}`);
      assert.equal((await sriovOf(kernel))?.available.contexts, 64_512);
      await kernel.functions.setVfs(IGPU, 7);
      const sriov = await sriovOf(kernel);
      assert.equal(sriov?.driverEnables, true);
      assert.equal(sriov.functions.length, 7);
      assert.equal(sriov.functions[6]?.quota.contexts, contexts);
      assert.equal(sriov.available.contexts, 0);
    });

  it("share a discrete GPU's memory as far as the kernel tells of it", async () => {
    const quotas = async (release: string): Promise<number | undefined> => {
      const kernel = flex(release);
      await kernel.functions.setVfs(FLEX, 2);
      return (await sriovOf(kernel))?.functions[1]?.quota.vramBytes;
    };
    assert.equal(await quotas("7.1.0"), 7168 * 1024 * 1024);
    assert.equal(await quotas("6.19.0"), undefined);
    const admin = "sriov_admin/vf31/profile/sched_priority";
    assert.deepEqual(shown(flex(), FLEX, admin), { kind: "file", text: "[low] normal\n" });
    assert.equal(shown(flex("6.12.0"), FLEX, admin), undefined);
  });
});

describe("a PCI function of the simulated kernel", () => {
  it("takes what its driver made with it when it loses that", async () => {
    const kernel = new SimulatedKernel(parseHost("", "test"), () => "boot");
    const slice = parseVgpuId("76677075-0000-8000-8000-000000000001");
    assert.ok(slice);
    assert.equal(kernel.create(IGPU, "i915-GVTg_V5_4", slice), undefined);
    await bind(kernel, IGPU, "vfio-pci");
    const tree = hostEntries(kernel, () => 0);
    assert.equal(driverLink(kernel, IGPU), "vfio-pci");
    assert.deepEqual(shown(kernel, IGPU, "driver_override"), { kind: "file", text: "vfio-pci\n" });
    assert.ok(tree.has("dev/vfio/0"));
    assert.equal(kernel.mdevs.size, 0);
    for (const name of ["dev/dri/card0", `sys/class/mdev_bus/${IGPU}`])
      assert.equal(tree.has(name), false, name);
    await bind(kernel, IGPU);
    assert.equal(driverLink(kernel, IGPU), "i915");
    assert.equal(kernel.create(IGPU, "i915-GVTg_V5_4", slice), undefined);
  });

  it("can be opened by one process, and waits for it when VFIO is to let go of it", async () => {
    const kernel = flex();
    await bind(kernel, FLEX, "vfio-pci");
    assert.equal(kernel.functions.open(FLEX, QEMU), undefined);
    assert.equal(kernel.functions.open(FLEX, { pid: 1, command: "x" }), "EBUSY");
    const unbound = kernel.functions.unbind(FLEX);
    await turn();
    assert.equal(driverLink(kernel, FLEX), undefined);
    assert.ok(hostEntries(kernel, () => 0).has("dev/vfio/0"));
    kernel.close(QEMU.pid);
    assert.equal(await unbound, undefined);
    assert.equal(hostEntries(kernel, () => 0).has("dev/vfio/0"), false);
    assert.equal(await kernel.functions.unbind(FLEX), "ENODEV");
    assert.equal(kernel.functions.open(FLEX, QEMU), "ENOENT");
  });

  it("waits for the holder of a slice when i915 is to let go of it, on kernels that wait", async () => {
    const slice = parseVgpuId("76677075-0000-8000-8000-000000000001");
    assert.ok(slice);
    const ends: string[] = [];
    for (const release of ["6.1.0", "6.12.0"]) {
      const kernel = new SimulatedKernel(parseHost(`kernel: ${release}`, "test"), () => "boot");
      kernel.create(IGPU, "i915-GVTg_V5_4", slice);
      kernel.open(slice, QEMU);
      void kernel.functions.unbind(IGPU).then(() => ends.push(release));
      await turn();
    }
    assert.deepEqual(ends, ["6.1.0"]);
  });

  it("has no driver when the one that is asked for does not know it, though the kernel says that all is well", async () => {
    const kernel = flex("6.18.0");
    await kernel.functions.setVfs(FLEX, 1);
    const vf = virtualAddress(FLEX, 1);
    assert.equal(await bind(kernel, vf, "xe-vfio-pci"), undefined);
    assert.equal(driverLink(kernel, vf), undefined);
  });

  it("has none when vfio-pci is not loaded, either", async () => {
    const kernel = new SimulatedKernel(parseHost("vfio_pci: false", "test"), () => "boot");
    await bind(kernel, IGPU, "vfio-pci");
    assert.equal(driverLink(kernel, IGPU), undefined);
    assert.equal(hostEntries(kernel, () => 0).has("sys/module/vfio_pci/initstate"), false);
  });

  it("is as it was described after a boot", async () => {
    const kernel = flex();
    await kernel.functions.setVfs(FLEX, 2);
    await bind(kernel, virtualAddress(FLEX, 1), "vfio-pci");
    kernel.functions.open(virtualAddress(FLEX, 1), QEMU);
    void kernel.functions.setVfs(FLEX, 0);
    await turn();
    kernel.reboot();
    assert.deepEqual(
      kernel.functions.all.map(({ address, driver, holder }) => [address, driver, holder]),
      [[FLEX, "xe", undefined]],
    );
    assert.equal(await kernel.functions.setVfs(FLEX, 1), undefined);
  });
});
