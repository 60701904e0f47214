// Slices of XenGT for real domains that their device models make. How vgpud has them made, in both ways: xengt.test.ts.
import assert from "node:assert/strict";
import * as domains from "../domains.ts";
import { virsh } from "../domains.ts";
import { bed } from "../suite-bed.ts";
import * as vgt from "../vgt.ts";

describe("a slice of XenGT made by a domain's device model", () => {
  afterEach(async () => {
    for (const name of await domains.listed(bed)) await domains.remove(bed, name);
    await vgt.endAll(bed);
  });

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
