// Domains of real Xen under libvirt's driver for it: what the agent builds on, and what it must not rely on.
import assert from "node:assert/strict";
import * as domains from "./domains.ts";
import { virsh } from "./domains.ts";
import { bed } from "./suite-bed.ts";
import * as xl from "./xl.ts";

describe("a domain under Xen", () => {
  for (const { kind, type } of [
    { kind: "pv", type: "PV" },
    { kind: "pvh", type: "PVH" },
  ] as const)
    describe(`of kind ${kind}`, () => {
      after(() => domains.remove(bed, kind));

      it("is made paused, with a domid and all of Xen's store behind it", async () => {
        const domid = await domains.create(bed, { name: kind, kind });
        assert.ok(domid > 0);
        assert.equal(await virsh(bed, `domstate ${kind}`), "paused");
        assert.equal(await bed.check(`xenstore-read /local/domain/${domid}/name`), kind);
      });

      it("boots its kernel to the end once it is resumed", async () => {
        const console = await domains.runUntilReady(bed, kind);
        const uuid = await virsh(bed, `domuuid ${kind}`);
        assert.match(console, new RegExp(`^DOMU type=${type} uuid=${uuid}$`, "m"));
        assert.equal(await virsh(bed, `domstate ${kind}`), "running");
      });

      it("is suspended and goes on as the same domain", async () => {
        const domid = await virsh(bed, `domid ${kind}`);
        await virsh(bed, `suspend ${kind}`);
        assert.equal(await virsh(bed, `domstate ${kind}`), "paused");
        await virsh(bed, `resume ${kind}`);
        assert.equal(await virsh(bed, `domid ${kind}`), domid);
      });

      it("is gone from libvirt, Xen and its store once it is destroyed", async () => {
        const domid = await virsh(bed, `domid ${kind}`);
        await virsh(bed, `destroy ${kind}`);
        assert.deepEqual(await domains.listed(bed), []);
        assert.notEqual((await bed.run(`xl domname ${domid}`)).code, 0);
        assert.notEqual((await bed.run(`xenstore-exists /local/domain/${domid}`)).code, 0);
      });
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

  describe("made by xl", () => {
    after(() => bed.run("xl destroy by-xl"));

    it("is not listed by libvirt; Xen's store and xl have it", async () => {
      const domid = await xl.create(bed, "by-xl");
      assert.equal(await bed.check(`xenstore-read /local/domain/${domid}/name`), "by-xl");
      assert.deepEqual(await domains.listed(bed), []);
      await xl.destroy(bed, "by-xl");
    });
  });
});
