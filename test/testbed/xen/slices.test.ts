// Slices of XenGT for real domains, on both ways: made by whoever makes the domain, or by its device model.
import assert from "node:assert/strict";
import * as domains from "./domains.ts";
import { virsh } from "./domains.ts";
import { bed } from "./suite-bed.ts";
import * as vgt from "./vgt.ts";

describe("a slice of XenGT for a domain", () => {
  afterEach(async () => {
    for (const name of await domains.listed(bed)) await domains.remove(bed, name);
    await vgt.endAll(bed);
  });

  it("is made while the domain is paused, and outlives the domain until it is ended", async () => {
    const domid = await domains.create(bed, { name: "by-agent", kind: "hvm" });
    assert.equal((await vgt.write(bed, `${domid},128,384,4,1,0`)).code, 0);
    assert.deepEqual(await vgt.instances(bed), { [domid]: 1 });
    await virsh(bed, "resume by-agent");
    assert.equal(await virsh(bed, "domstate by-agent"), "running");
    await virsh(bed, "destroy by-agent");
    assert.deepEqual(await vgt.instances(bed), { [domid]: 1 });
    assert.equal((await vgt.write(bed, `-${domid}`)).code, 0);
    assert.deepEqual(await vgt.instances(bed), {});
  });

  describe("made by its device model", () => {
    const xengt = ["-vga", "xengt", "-vgt_low_gm_sz", "128", "-vgt_high_gm_sz", "384", "-vgt_fence_sz", "4"];
    const log = "/var/log/xen/qemu-dm-by-model.log";

    it("is there when the paused domain is, and outlives it too", async () => {
      const domid = await domains.create(bed, { name: "by-model", kind: "hvm", xengt });
      assert.deepEqual(await vgt.instances(bed), { [domid]: 1 });
      assert.match(await bed.check(`cat ${log}`), new RegExp(`^vGT: ${domid},128,384,4,1,0$`, "m"));
      await bed.check(`pgrep -f '^/usr/libexec/xen-qemu-system-i386 -xen-domid ${domid} '`);
      await virsh(bed, "resume by-model");
      await virsh(bed, "destroy by-model");
      assert.deepEqual(await vgt.instances(bed), { [domid]: 1 });
    });

    it("has QEMU's own sizes where none are given", async () => {
      await domains.create(bed, { name: "by-model", kind: "hvm", xengt: ["-xengt"] });
      assert.match(await bed.check(`cat ${log}`), /^vGT: \d+,64,448,4,1,0$/m);
    });

    it("refused by the kernel, ends the creation; libvirt says that, the device model's log why", async () => {
      for (const domid of [1001, 1002, 1003]) await vgt.write(bed, `${domid},128,384,4,1,0`);
      const { code, stderr } = await domains.tryCreate(bed, { name: "by-model", kind: "hvm", xengt });
      assert.equal(code, 1);
      assert.match(stderr, /libxenlight failed to create new domain 'by-model'/);
      assert.doesNotMatch(stderr, /vgt/i);
      assert.match(await bed.check(`cat ${log}`), /^vGT: create_vgt_instance failed: errno=22$/m);
      assert.deepEqual(await domains.listed(bed), []);
      assert.deepEqual(Object.keys(await vgt.instances(bed)), ["1001", "1002", "1003"]);
    });

    it("asked for with an option that no QEMU has, ends the creation before a slice is made", async () => {
      const asked = { name: "by-model", kind: "hvm", xengt: [...xengt, "-vgt_primary", "1"] } as const;
      assert.equal((await domains.tryCreate(bed, asked)).code, 1);
      assert.match(await bed.check(`cat ${log}`), /-vgt_primary: invalid option/);
      assert.deepEqual(await vgt.instances(bed), {});
    });

    it("is no slice where XenGT is not loaded", async () => {
      await bed.check("modprobe -r xengt");
      try {
        const { code } = await domains.tryCreate(bed, { name: "by-model", kind: "hvm", xengt });
        assert.equal(code, 1);
        assert.match(await bed.check(`cat ${log}`), /^vGT: create_vgt_instance failed: errno=2$/m);
      } finally {
        await bed.check("modprobe xengt");
      }
    });
  });
});
