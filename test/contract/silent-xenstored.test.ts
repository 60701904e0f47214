// A change that asks xenstore first, on a host whose xenstored has died or hangs: the kernel would keep whoever reads until it answers.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { guestNodes } from "../fakes/fake-xenstore.ts";
import { PciFunctions } from "../fakes/pci-functions.ts";
import { addXengt } from "../fakes/xengt-tree.ts";
import { onXen, unlessRoot } from "./on-xen.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const UUID = "7d1f0a44-5b8e-4a0c-9f0b-000000000001";
const GPU = "0000:03:00.0";
const VF = "0000:03:00.1";
const silentAbout = (asked: string) => ({ kind: "xenstore-silent", asked, waitedMs: 5000 });

describe("hostd and a xenstored that does not answer", function () {
  this.timeout(60_000);

  it("refuses what it has to ask about first, writes nothing, and does it once there is an answer", async function () {
    unlessImpossible(this, unlessRoot());
    const nodes = { "/local/domain/0/name": "Domain-0", ...guestNodes(7, { uuid: UUID }) };
    await onXen("proc/xen/xenbus", nodes, async ({ root, client, xenstored }) => {
      const functions = new PciFunctions(root);
      await functions.addPciback();
      await functions.add(GPU, { driver: "xe" });
      await functions.add(VF, { of: GPU, driver: "pciback" });
      const control = await addXengt({ root }, [8]);
      xenstored.kill("SIGSTOP");
      const refusals = await Promise.all([
        client.bindDriver({ device: VF, driver: "none" }),
        client.setVirtualFunctions({ gpu: GPU, count: 0 }),
        client.removeVgtInstance(8),
        client.xenDomains(),
      ]);
      assert.deepEqual(refusals, [
        silentAbout("/local/domain"),
        silentAbout("/local/domain"),
        silentAbout("/local/domain/0"),
        silentAbout("/local/domain"),
      ]);
      assert.equal(await functions.written(VF, "driver_override"), "");
      assert.equal(await functions.written(GPU, "sriov_numvfs"), "");
      assert.equal(await functions.writtenToBus("drivers/pciback/remove_slot"), "");
      assert.equal(await readFile(control, "utf8"), "");
      const continued = once(xenstored.stdout ?? assert.fail("it says when"), "data");
      xenstored.kill("SIGCONT");
      await continued;
      assert.deepEqual(await client.removeVgtInstance(8), { kind: "done" });
      assert.equal(await readFile(control, "utf8"), "-8");
      assert.deepEqual(await client.bindDriver({ device: VF, driver: "none" }), { kind: "done" });
      assert.deepEqual(await client.setVirtualFunctions({ gpu: GPU, count: 0 }), { kind: "done" });
    });
  });

  it("waits no longer for one that answers, but so slowly that the whole takes more than that", async function () {
    unlessImpossible(this, unlessRoot());
    const guests = Array.from({ length: 20 }, (_, domid) => guestNodes(domid + 1, { uuid: UUID }));
    const nodes = Object.fromEntries(guests.flatMap((guest) => Object.entries(guest)));
    await onXen("proc/xen/xenbus", nodes, async ({ client, xenstored }) => {
      const tired = once(xenstored.stdout ?? assert.fail("it says when"), "data");
      xenstored.kill("SIGUSR1");
      await tired;
      assert.equal((await client.xenDomains()).kind, "xenstore-silent");
    });
  });
});
