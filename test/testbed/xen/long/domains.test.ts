// More of real Xen under libvirt's driver for it that the agent builds on or must not rely on.
import assert from "node:assert/strict";
import { lives } from "../domain-life.ts";
import * as domains from "../domains.ts";
import { virsh } from "../domains.ts";
import { bed } from "../suite-bed.ts";
import * as xl from "../xl.ts";

describe("a domain under Xen that somebody handles", () => {
  describe("of kind pv", () => {
    lives("pv");
  });

  for (const kind of ["pv", "pvh"] as const)
    it(`of kind ${kind} is suspended and goes on as the same domain`, async () => {
      try {
        const domid = await domains.create(bed, { name: kind, kind });
        await domains.runUntilReady(bed, kind);
        await virsh(bed, `suspend ${kind}`);
        assert.equal(await virsh(bed, `domstate ${kind}`), "paused");
        await virsh(bed, `resume ${kind}`);
        assert.equal(Number(await virsh(bed, `domid ${kind}`)), domid);
      } finally {
        await domains.remove(bed, kind);
      }
    });

  it("made by xl is not listed by libvirt; Xen's store and xl have it", async () => {
    const domid = await xl.create(bed, "by-xl");
    try {
      assert.equal(await bed.check(`xenstore-read /local/domain/${domid}/name`), "by-xl");
      assert.deepEqual(await domains.listed(bed), []);
    } finally {
      await xl.destroy(bed, "by-xl");
    }
  });

  describe("of kind hvm", () => {
    after(() => domains.remove(bed, "hvm"));

    it("is made paused with a device model of its own, which ends with it", async () => {
      const domid = await domains.create(bed, { name: "hvm", kind: "hvm" });
      assert.equal(await virsh(bed, "domstate hvm"), "paused");
      const model = `^/usr/libexec/xen-qemu-system-i386 -xen-domid ${domid} `;
      const pid = await bed.check(`pgrep -f '${model}'`);
      await virsh(bed, "resume hvm");
      assert.equal(await virsh(bed, "domstate hvm"), "running");
      await virsh(bed, "destroy hvm");
      await bed.check(`while kill -0 ${pid} 2>/dev/null; do sleep 0.1; done`);
      assert.deepEqual(await domains.listed(bed), []);
    });
  });
});
