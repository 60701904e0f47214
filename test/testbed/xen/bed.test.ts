// The Xen bed itself: that it is a Xen host with XenGT, and that its faults are the ones it promises.
import assert from "node:assert/strict";
import { gpuAddress, kernelLog } from "../gpu.ts";
import { listed, virsh } from "./domains.ts";
import { bed } from "./suite-bed.ts";
import * as vgt from "./vgt.ts";

describe("the Xen bed", () => {
  it("is the dom0 of a real Xen, and libvirt's driver for it answers", async () => {
    assert.equal(await bed.check("cat /sys/hypervisor/type /proc/xen/capabilities"), "xen\ncontrol_d");
    assert.match(await virsh(bed, "version"), /^Running hypervisor: Xen 4\.\d+\.\d+$/m);
    assert.equal(await virsh(bed, "domname 0"), "Domain-0");
    assert.deepEqual(await listed(bed), []);
  });

  it("offers every kind of domain, and devices to them", async () => {
    const machines = await virsh(bed, "capabilities");
    for (const machine of ["xenpv", "xenpvh", "xenfv"]) assert.match(machines, new RegExp(`>${machine}<`));
    const offered = (await bed.check("xl info virt_caps")).split(" ");
    for (const one of ["pv", "hvm", "pv_directio", "hvm_directio"]) assert.ok(offered.includes(one), one);
  });

  it("has an Intel GPU driven by i915, and XenGT of 2017 beside it", async () => {
    const device = `/sys/bus/pci/devices/${gpuAddress}`;
    assert.equal(await bed.check(`cat ${device}/{vendor,device,class}`), "0x8086\n0x191b\n0x030000");
    assert.equal(await bed.check(`basename $(readlink ${device}/driver)`), "i915");
    assert.equal(
      await bed.check(`ls ${vgt.root} ${vgt.root}/control`),
      "/sys/kernel/vgt:\ncontrol\n\n/sys/kernel/vgt/control:\ncreate_vgt_instance",
    );
    assert.equal(await bed.check(`stat -c '%A' ${vgt.root}/control/create_vgt_instance`), "--w--w----");
  });

  it("shows the project at /share, and has no way out", async () => {
    assert.equal(await bed.check(`grep -c '"name": "vgpud"' /share/package.json`), "1");
    assert.notEqual((await bed.run("timeout 3 bash -c ': < /dev/tcp/10.0.2.2/22'")).code, 0);
  });

  it("is reset to the clean Xen of the saved state", async () => {
    await vgt.write(bed, "7,64,384,4");
    await bed.writeFile("/var/lib/left-over", "x");
    await bed.reset();
    assert.deepEqual(await vgt.instances(bed), {});
    assert.equal((await bed.run("ls /var/lib/left-over")).stdout, "");
    assert.match(await virsh(bed, "version"), /^Running hypervisor: Xen /m);
    assert.doesNotMatch(await kernelLog(bed), /BUG:|Oops|Call Trace/);
  });
});
