// The life of a domain of real Xen that boots a kernel, under libvirt's driver for it: cases of a `describe`.
import assert from "node:assert/strict";
import * as domains from "./domains.ts";
import { virsh } from "./domains.ts";
import { bed } from "./suite-bed.ts";

/** `kind` is its name as well. */
export function lives(kind: "pv" | "pvh"): void {
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
    assert.match(console, new RegExp(`^DOMU type=${kind.toUpperCase()} uuid=${uuid}$`, "m"));
    assert.equal(await virsh(bed, `domstate ${kind}`), "running");
  });

  it("is gone from libvirt, Xen and its store once it is destroyed", async () => {
    const domid = await virsh(bed, `domid ${kind}`);
    await virsh(bed, `destroy ${kind}`);
    assert.deepEqual(await domains.listed(bed), []);
    assert.notEqual((await bed.run(`xl domname ${domid}`)).code, 0);
    assert.notEqual((await bed.run(`xenstore-exists /local/domain/${domid}`)).code, 0);
  });
}
