// hostd asks xenstore through a file, written and read in turns: here a terminal with a xenstored behind it.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { guestNodes } from "../fakes/fake-xenstore.ts";
import { addXengt } from "../fakes/xengt-tree.ts";
import { onXen, unlessRoot } from "./on-xen.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const UUID = "7d1f0a44-5b8e-4a0c-9f0b-000000000001";
const GPU = "0000:00:02.0";
const HOST = { "/local/domain/0/name": "Domain-0" };

describe("hostd and a xenstored behind a file", function () {
  this.timeout(60_000);

  for (const file of ["proc/xen/xenbus", "dev/xen/xenbus"])
    it(`finds the guests that it has, by /${file}`, async function () {
      unlessImpossible(this, unlessRoot());
      const nodes = {
        ...HOST,
        ...guestNodes(7, { uuid: UUID, name: "desk", type: "pv", pci: [GPU] }),
      };
      await onXen(file, nodes, async ({ client }) => {
        const guest = { domid: 7, uuid: UUID, name: "desk", type: "pv", pciDevices: [GPU] };
        const told = { kind: "xen-domains", domains: [guest] };
        // And again: each time the file is opened anew.
        assert.deepEqual(await client.xenDomains(), told);
        assert.deepEqual(await client.xenDomains(), told);
      });
    });

  it("tells the slice of XenGT that a guest's device model was started with", async function () {
    unlessImpossible(this, unlessRoot());
    const nodes = guestNodes(7, { uuid: UUID, name: "desk", type: "hvm", devicePid: 4711 });
    await onXen("proc/xen/xenbus", nodes, async ({ root, client }) => {
      const words = ["qemu-system-i386", "-xen-domid", "7", "-vga", "xengt", "-vgt_low_gm_sz", "128", ""];
      await mkdir(path.join(root, "proc/4711"));
      await writeFile(path.join(root, "proc/4711/cmdline"), words.join("\0"));
      const vgt = { lowGmMib: 128, highGmMib: 448, fences: 4 };
      const guest = { domid: 7, uuid: UUID, name: "desk", type: "hvm", pciDevices: [], vgt };
      assert.deepEqual(await client.xenDomains(), { kind: "xen-domains", domains: [guest] });
    });
  });

  it("removes the slice of a guest that is gone, and leaves that of one that is there", async function () {
    unlessImpossible(this, unlessRoot());
    const nodes = { ...HOST, ...guestNodes(7, { uuid: UUID }) };
    await onXen("dev/xen/xenbus", nodes, async ({ root, client }) => {
      const control = await addXengt({ root }, [7, 8]);
      assert.deepEqual(await client.removeVgtInstance(7), { kind: "held", holders: [] });
      assert.equal(await readFile(control, "utf8"), "");
      assert.deepEqual(await client.removeVgtInstance(8), { kind: "done" });
      assert.equal(await readFile(control, "utf8"), "-8");
    });
  });

  it("leaves the slice of a guest that xenstore has lost, whose device model runs on", async function () {
    unlessImpossible(this, unlessRoot());
    await onXen("dev/xen/xenbus", HOST, async ({ root, client }) => {
      const control = await addXengt({ root }, [7, 77]);
      await mkdir(path.join(root, "proc/4711"), { recursive: true });
      await writeFile(path.join(root, "proc/4711/comm"), "qemu-system-i38\n");
      const words = ["qemu-system-i386", "-xen-domid", "7", "-vga", "xengt", ""];
      await writeFile(path.join(root, "proc/4711/cmdline"), words.join("\0"));
      const holders = [{ pid: 4711, command: "qemu-system-i38" }];
      assert.deepEqual(await client.removeVgtInstance(7), { kind: "held", holders });
      assert.equal(await readFile(control, "utf8"), "");
      assert.deepEqual(await client.removeVgtInstance(77), { kind: "done" });
    });
  });

  it("removes no slice while xenstore has lost the host itself", async function () {
    unlessImpossible(this, unlessRoot());
    await onXen("dev/xen/xenbus", {}, async ({ root, client }) => {
      const control = await addXengt({ root }, [7]);
      const removal = await client.removeVgtInstance(7);
      assert.match(removal.kind === "failed" ? removal.why : removal.kind, /has lost .*\/local\/domain\/0/);
      assert.equal(await readFile(control, "utf8"), "");
    });
  });
});
