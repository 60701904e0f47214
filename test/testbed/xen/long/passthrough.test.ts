// A whole GPU given to a domain under Xen, and what it takes to have it back: exit codes and libvirt's words do not say.
import assert from "node:assert/strict";
import { driverOf, gpuAddress } from "../../gpu.ts";
import * as domains from "../domains.ts";
import { virsh } from "../domains.ts";
import { bed } from "../suite-bed.ts";
import * as vgt from "../vgt.ts";

/** QEMU's virtio-gpu, of the display class, behind a port of its own. */
const gpu = "0000:01:00.0";
const node = "pci_0000_01_00_0";

/** What gives a function back to its driver, whoever kept it. */
async function giveBack(address: string): Promise<void> {
  await bed.check(`xl pci-assignable-remove -r ${address}; echo ${address} >/sys/bus/pci/drivers_probe`);
}

describe("a GPU given to a domain under Xen", () => {
  // pciback remembers what it had, and its place among the drivers has changed.
  after(() => bed.reset());

  afterEach(async () => {
    await domains.remove(bed, "holder");
    for (const address of [gpu, gpuAddress])
      if ((await driverOf(bed, address)) !== (address === gpu ? "virtio-pci" : "i915"))
        await giveBack(address);
  });

  it("is seen by the domain, and kept by pciback afterwards, whatever nodedev-reattach says", async () => {
    assert.equal(await driverOf(bed, gpu), "virtio-pci");
    await domains.create(bed, { name: "holder", kind: "pv", gpu: "01:00" });
    assert.equal(await driverOf(bed, gpu), "pciback");
    assert.match(
      await domains.runUntilReady(bed, "holder"),
      /^DOMU pci=\S+ id=0x1af4:0x1050 class=0x038000$/m,
    );
    await virsh(bed, "destroy holder");
    assert.equal(await driverOf(bed, gpu), "pciback");
    const { code, stdout } = await bed.run(`virsh -c xen:///system nodedev-reattach ${node}`);
    assert.deepEqual([code, stdout.trim()], [0, `Device ${node} re-attached`]);
    assert.equal(await driverOf(bed, gpu), "pciback");
    await bed.check(`xl pci-assignable-remove -r ${gpu}`);
    assert.equal(await driverOf(bed, gpu), "");
    await bed.check(`echo ${gpu} >/sys/bus/pci/drivers_probe`);
    assert.equal(await driverOf(bed, gpu), "virtio-pci");
  });

  it("goes back to its driver where that was there before pciback, which still has it on its list", async () => {
    await bed.check("modprobe -r xen-pciback && modprobe xen-pciback");
    await virsh(bed, `nodedev-detach ${node}`);
    assert.equal(await driverOf(bed, gpu), "pciback");
    await virsh(bed, `nodedev-reattach ${node}`);
    assert.equal(await driverOf(bed, gpu), "virtio-pci");
    assert.equal(await bed.check("cat /sys/bus/pci/drivers/pciback/slots"), gpu);
  });

  it("leaves its backend in Xen's store when the domain never ran", async () => {
    const domid = await domains.create(bed, { name: "holder", kind: "pv", gpu: "01:00" });
    await virsh(bed, "destroy holder");
    assert.equal(await bed.check(`xenstore-read /local/domain/0/backend/pci/${domid}/0/dev-0`), gpu);
    await bed.check(`xenstore-rm /local/domain/0/backend/pci/${domid}`);
  });

  it("takes XenGT's files with it while the domain has it, and the slices", async () => {
    await vgt.write(bed, "9,64,384,4,1,0");
    await domains.create(bed, { name: "holder", kind: "pv", gpu: "00:02" });
    assert.equal(await driverOf(bed, gpuAddress), "pciback");
    assert.notEqual((await bed.run(`ls ${vgt.root}`)).code, 0);
    assert.match(
      await domains.runUntilReady(bed, "holder"),
      /^DOMU pci=\S+ id=0x8086:0x191b class=0x030000$/m,
    );
    await virsh(bed, "destroy holder");
    await giveBack(gpuAddress);
    assert.equal(await driverOf(bed, gpuAddress), "i915");
    assert.deepEqual(await vgt.instances(bed), {});
  });
});
