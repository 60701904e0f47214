// More of the bed's GPU: what a removal does while a domain holds the slice, and what there is to be had by size, number and platform.
import assert from "node:assert/strict";
import * as gpu from "../gpu.ts";
import { bed } from "../suite-bed.ts";

describe("a domain that holds a slice", () => {
  const slice = gpu.uuid(1);
  const device = `/sys/bus/mdev/devices/${slice}`;

  before(async () => {
    await bed.reset("minimal");
    assert.equal((await gpu.create(bed, "4", slice)).code, 0);
    await gpu.startDomain(bed, "holder", slice);
  });

  after(() => bed.reset());

  it("runs confined by AppArmor and holds the slice's VFIO group", async () => {
    const group = await bed.check(`basename $(readlink ${device}/iommu_group)`);
    const pid = await bed.check("cat /run/libvirt/qemu/holder.pid");
    const uuid = await bed.check("virsh -q domuuid holder");
    assert.equal(await bed.check(`cat /proc/${pid}/attr/current`), `libvirt-${uuid} (enforce)`);
    assert.match(await bed.check(`ls -l /proc/${pid}/fd`), new RegExp(`-> /dev/vfio/${group}\\n`));
    assert.match((await bed.run(`: < /dev/vfio/${group}`)).stderr, /Device or resource busy/);
  });

  it("makes a remove wait in the kernel, beyond signals, until the domain ends (behaviour 0)", async () => {
    const remover = bed.background(`echo $$ > /tmp/remover; exec bash -c 'echo 1 > ${device}/remove'`);
    const blocked = "grep -q vfio_unregister_group_dev /proc/$(cat /tmp/remover)/stack";
    await bed.check(`until ${blocked}; do sleep 0.1; done`);
    await bed.check(`kill $(cat /tmp/remover)`);
    const warned = 'dmesg | grep -q "Device is currently in use, task .* blocked until device is released"';
    await bed.check(`until ${warned}; do sleep 0.1; done; ${blocked}`);
    assert.deepEqual(await gpu.available(bed), { 8: 4, 4: 2, 2: 1 });
    await bed.check("virsh -q destroy holder", { timeoutMs: 120_000 });
    await remover.result;
    assert.deepEqual(await gpu.available(bed), { 8: 6, 4: 3, 2: 1 });
  });

  it("loses the node but never gives the resources back when a remove leaks (behaviour 1)", async () => {
    await gpu.setKnob(bed, "remove_behaviour", "1");
    assert.equal((await gpu.create(bed, "4", slice)).code, 0);
    await gpu.startDomain(bed, "holder", slice);
    await gpu.kernelLog(bed);
    assert.equal((await gpu.remove(bed, slice)).code, 0);
    assert.match(await gpu.kernelLog(bed), /Remove failed: err=-16/);
    assert.equal(await bed.check("ls /sys/bus/mdev/devices"), "");
    assert.deepEqual(await gpu.available(bed), { 8: 4, 4: 2, 2: 1 });
    assert.equal(await bed.check("virsh -q domstate holder"), "running");
    await bed.check("virsh -q destroy holder", { timeoutMs: 120_000 });
    assert.deepEqual(await gpu.available(bed), { 8: 4, 4: 2, 2: 1 });
    assert.doesNotMatch(await gpu.kernelLog(bed), /BUG:|Oops|Call Trace/);
  });
});

/** Fresh capacity by size of BAR2, as i915 computes it with a GGTT of 4 GiB. */
const capacities = [
  { apertureMb: 128, expected: {} },
  { apertureMb: 256, expected: { 8: 2, 4: 1 } },
  { apertureMb: 1024, expected: { 8: 7, 4: 5, 2: 2, 1: 1 } },
  { apertureMb: 2048, expected: { 8: 4, 4: 3, 2: 1, 1: 0 } },
  { apertureMb: 4096, expected: { 8: 7, 4: 7, 2: 3, 1: 1 } },
];

describe("capacity", () => {
  before(() => bed.reset("minimal"));
  after(() => bed.reset());

  for (const { apertureMb, expected } of capacities)
    it(`with a BAR2 of ${apertureMb} MiB is what i915 shows`, async () => {
      await gpu.reloadGpu(bed, `aperture_mb=${apertureMb}`);
      assert.deepEqual(await gpu.available(bed), expected);
    });

  it("with a BAR2 of 4096 MiB is a promise that no create keeps", async () => {
    await gpu.reloadGpu(bed, "aperture_mb=4096");
    await gpu.kernelLog(bed);
    assert.match((await gpu.create(bed, "8", gpu.uuid(1))).stderr, /No space left on device/);
    assert.match(await gpu.kernelLog(bed), /gvt: fail to alloc high gm space from host/);
  });

  it("never exceeds seven slices", async () => {
    await gpu.reloadGpu(bed, "aperture_mb=1024", "ggtt_mb=8192");
    for (let n = 1; n <= 7; n += 1) assert.equal((await gpu.create(bed, "8", gpu.uuid(n))).code, 0);
    assert.match((await gpu.create(bed, "8", gpu.uuid(8))).stderr, /No space left on device/);
    await gpu.removeAll(bed);
  });

  it("is counted per GPU, and Broadwell's types are V4", async () => {
    await gpu.reloadGpu(bed, "slot=2,3 device_id=0x191b,0x1622 aperture_mb=512,256");
    const types = await bed.check("ls /sys/class/mdev_bus/0000:00:03.0/mdev_supported_types");
    assert.equal(types, "i915-GVTg_V4_4\ni915-GVTg_V4_8");
    assert.equal((await gpu.create(bed, "4", gpu.uuid(1))).code, 0);
    const other = "/sys/class/mdev_bus/0000:00:03.0/mdev_supported_types/i915-GVTg_V4_8/available_instances";
    assert.equal(await bed.check(`cat ${other}`), "2");
    await gpu.removeAll(bed);
  });

  it("is none on a platform without GVT-g, although enable_gvt says Y", async () => {
    await gpu.kernelLog(bed);
    await gpu.reloadGpu(bed, "device_id=0x46a6");
    assert.equal(await bed.check("ls /sys/class/mdev_bus"), "");
    assert.equal(await bed.check("cat /sys/module/i915/parameters/enable_gvt"), "Y");
    assert.match(await gpu.kernelLog(bed), /Unsupported device\. GVT-g is disabled/);
  });
});
