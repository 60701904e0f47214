// hostd takes a function from Xen's driver only when no guest has it, which xenstore alone tells.
import assert from "node:assert/strict";
import { guestNodes } from "../fakes/fake-xenstore.ts";
import { PciFunctions } from "../fakes/pci-functions.ts";
import { onXen, unlessRoot } from "./on-xen.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const UUID = "7d1f0a44-5b8e-4a0c-9f0b-000000000001";
const GPU = "0000:03:00.0";
const VF = "0000:03:00.1";
const XENBUS = "proc/xen/xenbus";
const held = { pid: 0, command: "guest of Xen", domain: "desk" };

describe("hostd on a host of Xen, asked for a function that pciback has,", function () {
  this.timeout(60_000);

  it("answers `held` without writing while a guest has it, or a virtual function of it", async function () {
    unlessImpossible(this, unlessRoot());
    const nodes = guestNodes(7, { uuid: UUID, name: "desk", pci: [VF] });
    await onXen(XENBUS, nodes, async ({ root, client }) => {
      const functions = new PciFunctions(root);
      await functions.addPciback();
      await functions.add(GPU, { driver: "xe" });
      await functions.add(VF, { of: GPU, driver: "pciback" });
      for (const device of [VF, GPU]) {
        const bound = await client.bindDriver({ device, driver: "none" });
        assert.deepEqual(bound, { kind: "held", holders: [held] });
        const asked = await client.functionHolders(device);
        assert.deepEqual(asked, { kind: "holders", holders: [held] });
      }
      const cut = await client.setVirtualFunctions({ gpu: GPU, count: 0 });
      assert.deepEqual(cut, { kind: "held", holders: [held] });
      assert.equal(await functions.written(VF, "driver_override"), "");
      assert.equal(await functions.written(GPU, "sriov_numvfs"), "");
      for (const file of ["drivers/pciback/remove_slot", "drivers/pciback/unbind", "drivers/xe/unbind"])
        assert.equal(await functions.writtenToBus(file), "", file);
    });
  });

  it("gives back one that no guest has, and takes it from the list by which pciback would have it again", async function () {
    unlessImpossible(this, unlessRoot());
    await onXen(XENBUS, guestNodes(7, { uuid: UUID, pci: [VF] }), async ({ root, client }) => {
      const functions = new PciFunctions(root);
      await functions.addPciback();
      await functions.add(GPU, { driver: "pciback" });
      assert.deepEqual(await client.bindDriver({ device: GPU, driver: "xe" }), { kind: "done" });
      assert.equal(await functions.written(GPU, "driver_override"), "\n");
      assert.equal(await functions.writtenToBus("drivers/pciback/remove_slot"), GPU);
      assert.equal(await functions.writtenToBus("drivers/pciback/unbind"), GPU);
      assert.equal(await functions.writtenToBus("drivers_probe"), GPU);
    });
  });
});
