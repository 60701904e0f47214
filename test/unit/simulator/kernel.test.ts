import assert from "node:assert/strict";
import { parsePciAddress, parseVgpuId, type VgpuId } from "../../../agent/core/ids.ts";
import { parseHost } from "../../../agent/simulator/host-yaml.ts";
import { SimulatedKernel } from "../../../agent/simulator/kernel.ts";

const GPU = parsePciAddress("0000:00:02.0");
const TYPE = "i915-GVTg_V5_4";
const QEMU = { pid: 4711, command: "qemu-system-x86", domain: "desk-1" };

function kernel(release: string): SimulatedKernel {
  let boots = 0;
  return new SimulatedKernel(parseHost(`kernel: ${release}`, "test"), () => `boot-${(boots += 1)}`);
}

function id(number: number): VgpuId {
  const parsed = parseVgpuId(`00000000-0000-4000-8000-${String(number).padStart(12, "0")}`);
  assert.ok(parsed);
  return parsed;
}

function create(on: SimulatedKernel, number: number, type = TYPE): string | undefined {
  assert.ok(GPU);
  return on.create(GPU, type, id(number));
}

function available(on: SimulatedKernel): number | undefined {
  assert.ok(GPU);
  const gvt = on.gpus.get(GPU)?.gvt;
  const type = gvt?.types.find(({ directory }) => directory === TYPE);
  return type && gvt?.availableInstances(type);
}

describe("the simulated kernel", () => {
  it("refuses a create with the errno a real one gives", () => {
    const on = kernel("6.12.107");
    assert.ok(GPU);
    assert.equal(create(on, 1), undefined);
    assert.equal(create(on, 1), "EEXIST");
    assert.equal(create(on, 2, "i915-GVTg_V5_9"), "ENOENT");
    assert.equal(on.create(GPU, TYPE, "not-a-uuid"), "EINVAL");
    for (const number of [2, 3, 4, 5]) assert.equal(create(on, number), undefined);
    assert.equal(create(on, 6), "ENOSPC");
  });

  it("gives a vGPU to one holder, and a guest one vGPU of a GPU", () => {
    const on = kernel("6.12.107");
    create(on, 1);
    create(on, 2);
    assert.equal(on.open(id(1), QEMU), undefined);
    assert.equal(on.open(id(1), { pid: 1, command: "other" }), "EBUSY");
    assert.equal(on.open(id(2), QEMU), "EEXIST");
    assert.equal(on.open(id(3), QEMU), "ENOENT");
    on.close(QEMU.pid);
    assert.equal(on.open(id(1), { pid: 1, command: "other" }), undefined);
  });

  it("gives an idle vGPU's room back when it is removed", async () => {
    const on = kernel("6.12.107");
    create(on, 1);
    assert.equal(available(on), 4);
    assert.equal(await on.remove(id(1)), "removed");
    assert.equal(available(on), 5);
    assert.equal(await on.remove(id(1)), "absent");
  });

  for (const release of ["5.10.0-30-amd64", "6.1.0-44-amd64"]) {
    it(`loses a held vGPU's room until the next boot when it is removed under ${release}`, async () => {
      const on = kernel(release);
      create(on, 1);
      on.open(id(1), QEMU);
      assert.equal(await on.remove(id(1)), "leaked");
      assert.equal(on.mdevs.size, 0);
      on.close(QEMU.pid);
      assert.equal(available(on), 4);
      on.reboot();
      assert.equal(available(on), 5);
    });
  }

  it("keeps whoever removes a held vGPU waiting for its holder from 6.12 on", async () => {
    const on = kernel("6.12.107");
    create(on, 1);
    on.open(id(1), QEMU);
    const removal = on.remove(id(1));
    assert.equal(on.mdevs.get(id(1))?.removing, true);
    assert.equal(await on.remove(id(1)), "absent");
    assert.equal(available(on), 4);
    on.close(QEMU.pid);
    assert.equal(await removal, "removed");
    assert.equal(available(on), 5);
  });

  it("forgets every mdev at a reboot and gets a new boot id", () => {
    const on = kernel("6.12.107");
    create(on, 1);
    on.reboot();
    assert.equal(on.mdevs.size, 0);
    assert.equal(on.bootId, "boot-2");
    assert.equal(available(on), 5);
  });

  it("has no GVT-g without its module, its parameter, its driver or KVM", () => {
    for (const line of ["kvmgt: false", "enable_gvt: false", "enable_gvt: absent", "hypervisor: xen"]) {
      const on = new SimulatedKernel(parseHost(line, "test"), () => "boot");
      assert.equal(create(on, 1), "ENOENT", line);
    }
  });

  it("takes a number of virtual functions as the PCI core does", async () => {
    const host = "gpus: [{ address: 0000:03:00.0, device: '56c0', driver: xe, total_vfs: 7 }]";
    const on = new SimulatedKernel(parseHost(host, "test"), () => "boot-1");
    const gpu = parsePciAddress("0000:03:00.0");
    assert.ok(gpu && GPU);
    assert.equal(await on.functions.setVfs(GPU, 1), "ENOENT");
    assert.equal(await on.functions.setVfs(gpu, 8), "ERANGE");
    assert.equal(await on.functions.setVfs(gpu, 7), undefined);
    assert.equal(await on.functions.setVfs(gpu, 7), undefined);
    assert.equal(await on.functions.setVfs(gpu, 3), "EBUSY");
    assert.equal(await on.functions.setVfs(gpu, 0), undefined);
    assert.equal(await on.functions.setVfs(gpu, 3), undefined);
    assert.equal(on.functions.virtualOf(gpu).length, 3);
  });

  it("takes a GPU's vGPUs with its driver, and those of no other GPU", () => {
    const second = parsePciAddress("0000:03:00.0");
    const hosts = "gpus: [{ address: 0000:00:02.0 }, { address: 0000:03:00.0 }]";
    const on = new SimulatedKernel(parseHost(hosts, "test"), () => "boot-1");
    assert.ok(GPU && second);
    assert.equal(on.create(GPU, TYPE, id(1)), undefined);
    assert.equal(on.create(second, TYPE, id(2)), undefined);
    const nothing = { gone: new Set<never>(), drivers: new Map(), kvmgtUnloaded: false };
    on.setHot({ ...nothing, drivers: new Map([[GPU, "none"]]) });
    assert.deepEqual([...on.mdevs.keys()], [id(2)]);
    assert.equal(on.create(GPU, TYPE, id(1)), "ENOENT");
    on.setHot({ ...nothing, kvmgtUnloaded: true });
    assert.deepEqual([on.mdevs.size, on.kvmgt], [0, false]);
    on.setHot(nothing);
    assert.equal(on.create(GPU, TYPE, id(1)), undefined);
  });
});
