// hostd's operations on PCI functions, over real files that take what is written and do nothing.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, open, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { PciFunctions } from "../../fakes/pci-functions.ts";
import { Bench, exclusiveTerminal, groupsAreTerminals, OPENS_ONCE } from "./bench.ts";

const run = promisify(execFile);
const GPU = "0000:00:02.0";
const VF = "0000:00:02.1";
const SECOND_VF = "0000:00:02.2";
const VGPU = "76677075-0000-8000-8000-000000000001";

/** As it was made: nothing was written to it since. */
async function assertUntouched(functions: PciFunctions, device: string): Promise<void> {
  for (const file of ["driver_override", "sriov_drivers_autoprobe", "sriov_numvfs"])
    assert.equal(await functions.written(device, file), "", file);
  assert.equal(await functions.writtenToBus("drivers_probe"), "");
}

describe("hostd, asked to bind a PCI function to a driver,", () => {
  it("names the driver, takes the present one away and has the kernel look again", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(GPU, { driver: "i915", group: "0" });
    assert.deepEqual(await bench.client.bindDriver({ device: GPU, driver: "vfio-pci" }), { kind: "done" });
    assert.equal(await functions.written(GPU, "driver_override"), "vfio-pci");
    assert.equal(await functions.writtenToBus("drivers/i915/unbind"), GPU);
    assert.equal(await functions.writtenToBus("drivers_probe"), GPU);
  });

  it("tells Xen's driver of what it is to have, before it is offered that", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.addPciback();
    await functions.add(GPU, { driver: "i915", group: "0" });
    assert.deepEqual(await bench.client.bindDriver({ device: GPU, driver: "pciback" }), { kind: "done" });
    assert.equal(await functions.writtenToBus("drivers/pciback/new_slot"), GPU);
    assert.equal(await functions.written(GPU, "driver_override"), "pciback");
    assert.equal(await functions.writtenToBus("drivers/i915/unbind"), GPU);
    assert.equal(await functions.writtenToBus("drivers_probe"), GPU);
  });

  it("writes nothing when Xen's driver is not there to take it", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(GPU, { driver: "i915", group: "0" });
    const answer = await bench.client.bindDriver({ device: GPU, driver: "pciback" });
    assert.deepEqual(answer.kind === "errno" && answer.errno, "ENOENT");
    assert.equal(await functions.writtenToBus("drivers/i915/unbind"), "");
    await assertUntouched(functions, GPU);
  });

  it("does not take from Xen's driver what xenstore does not say is free", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.addPciback();
    await functions.add(GPU, { driver: "pciback" });
    const unknown = await bench.client.bindDriver({ device: GPU, driver: "i915" });
    assert.deepEqual(unknown.kind === "errno" && unknown.errno, "ENOENT");
    await mkdir(path.join(bench.tree.root, "proc/xen"), { recursive: true });
    await writeFile(path.join(bench.tree.root, "proc/xen/xenbus"), "");
    assert.equal((await bench.client.bindDriver({ device: GPU, driver: "i915" })).kind, "failed");
    assert.equal(await functions.writtenToBus("drivers/pciback/remove_slot"), "");
    await assertUntouched(functions, GPU);
  });

  it("leaves the choice of a host's driver to the kernel, which knows the ids of each", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(VF, { driver: "xe-vfio-pci", group: "31" });
    assert.deepEqual(await bench.client.bindDriver({ device: VF, driver: "xe" }), { kind: "done" });
    assert.equal(await functions.written(VF, "driver_override"), "\n");
    assert.equal(await functions.writtenToBus("drivers/xe-vfio-pci/unbind"), VF);
    assert.equal(await functions.writtenToBus("drivers_probe"), VF);
  });

  it("lets nothing probe what is to have none", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(GPU, { driver: "i915" });
    assert.deepEqual(await bench.client.bindDriver({ device: GPU, driver: "none" }), { kind: "done" });
    assert.equal(await functions.written(GPU, "driver_override"), "\n");
    assert.equal(await functions.writtenToBus("drivers/i915/unbind"), GPU);
    assert.equal(await functions.writtenToBus("drivers_probe"), "");
  });

  it("writes nothing when it is bound so already", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(VF, { driver: "vfio-pci", group: "31" });
    assert.deepEqual(await bench.client.bindDriver({ device: VF, driver: "vfio-pci" }), { kind: "done" });
    await assertUntouched(functions, VF);
  });

  it("binds what has no driver without taking one away", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(VF, { group: "31" });
    assert.deepEqual(await bench.client.bindDriver({ device: VF, driver: "xe-vfio-pci" }), { kind: "done" });
    assert.equal(await functions.written(VF, "driver_override"), "xe-vfio-pci");
    assert.equal(await functions.writtenToBus("drivers_probe"), VF);
  });

  it("says when there is none", async () => {
    await using bench = await Bench.make();
    assert.deepEqual(await bench.client.bindDriver({ device: VF, driver: "none" }), { kind: "absent" });
    assert.deepEqual(await bench.client.functionHolders(VF), { kind: "absent" });
    assert.deepEqual(await bench.client.setVirtualFunctions({ gpu: GPU, count: 1 }), { kind: "absent" });
  });

  for (const [what, options] of Object.entries({
    "another maker's GPU": { vendor: "0x10de" },
    "a network card": { class: "0x020000" },
  }))
    it(`refuses ${what}`, async () => {
      await using bench = await Bench.make();
      const functions = new PciFunctions(bench.tree.root);
      await functions.add(GPU, { driver: "i915", ...options });
      const bound = await bench.client.bindDriver({ device: GPU, driver: "vfio-pci" });
      assert.match(bound.kind === "refused" ? bound.why : bound.kind, /^0000:00:02\.0 is of vendor 0x/);
      assert.equal((await bench.client.setVirtualFunctions({ gpu: GPU, count: 1 })).kind, "refused");
      await assertUntouched(functions, GPU);
    });

  it("answers `held` without writing when a guest has it", async () => {
    await using tty = await exclusiveTerminal();
    await using bench = await Bench.make(OPENS_ONCE);
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(VF, { driver: "vfio-pci", group: tty.number });
    await groupsAreTerminals(bench.tree.root);
    await bench.tree.addQemu(4711, { domain: "desk-1", group: tty.number });
    const holders = [{ pid: 4711, command: "qemu-system-x86", domain: "desk-1" }];
    assert.deepEqual(await bench.client.bindDriver({ device: VF, driver: "none" }), {
      kind: "held",
      holders,
    });
    assert.deepEqual(await bench.client.functionHolders(VF), { kind: "holders", holders });
    await assertUntouched(functions, VF);
  });

  it("answers `held` when a guest has what is losing its driver already, or a virtual function of it", async () => {
    await using tty = await exclusiveTerminal();
    await using bench = await Bench.make(OPENS_ONCE);
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(GPU, { driver: "i915", group: "0" });
    await functions.add(VF, { of: GPU, group: tty.number });
    await groupsAreTerminals(bench.tree.root);
    assert.equal((await bench.client.bindDriver({ device: VF, driver: "none" })).kind, "held");
    assert.equal((await bench.client.bindDriver({ device: GPU, driver: "none" })).kind, "held");
    await assertUntouched(functions, GPU);
  });

  it("answers `held` without writing while it has a vGPU, idle or not", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(GPU, { driver: "i915", group: "0" });
    await bench.tree.addMdev(VGPU, { group: "31" });
    const wanted = { device: GPU, driver: "vfio-pci" } as const;
    assert.deepEqual(await bench.client.bindDriver(wanted), { kind: "held", holders: [] });
    await bench.tree.addQemu(4711, { domain: "desk-1", group: "31" });
    const holders = [{ pid: 4711, command: "qemu-system-x86", domain: "desk-1" }];
    assert.deepEqual(await bench.client.bindDriver(wanted), { kind: "held", holders });
    assert.equal(await functions.writtenToBus("drivers/i915/unbind"), "");
    await assertUntouched(functions, GPU);
  });

  it("names who has the device node of such a vGPU open, whose removal waits", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    // The driver's link goes first, the link of the parents' class next, the mdev last.
    await functions.add(GPU, { group: "0" });
    await writeFile(path.join(bench.tree.root, "dev/vfio/0"), "");
    await bench.tree.addMdev(VGPU, { group: "31" });
    await rm(path.join(bench.tree.root, "sys/class/mdev_bus", GPU));
    await rm(path.join(bench.tree.root, "sys/bus/mdev/devices", VGPU));
    await mkdir(functions.file(GPU, `${VGPU}/vfio-dev/vfio7`), { recursive: true });
    await bench.tree.addProcess(4711, { command: "crosvm", opens: "/dev/vfio/devices/vfio7" });
    const holders = [{ pid: 4711, command: "crosvm" }];
    assert.deepEqual(await bench.client.bindDriver({ device: GPU, driver: "i915" }), {
      kind: "held",
      holders,
    });
    await assertUntouched(functions, GPU);
  });

  for (const node of ["card0", "renderD128"])
    it(`answers \`held\` without writing while a process has its ${node} open`, async () => {
      await using bench = await Bench.make();
      const functions = new PciFunctions(bench.tree.root);
      await functions.add(GPU, { driver: "xe" });
      await functions.addDrmNodes(GPU, ["card0", "renderD128"]);
      await bench.tree.addProcess(911, { command: "gnome-shell", opens: `/dev/dri/${node}` });
      const holders = [{ pid: 911, command: "gnome-shell" }];
      assert.deepEqual(await bench.client.bindDriver({ device: GPU, driver: "none" }), {
        kind: "held",
        holders,
      });
      assert.equal(await functions.writtenToBus("drivers/xe/unbind"), "");
      await assertUntouched(functions, GPU);
    });

  it("takes the driver away while processes have another GPU's nodes open", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(GPU, { driver: "xe" });
    await functions.addDrmNodes(GPU, ["card1", "renderD129"]);
    await bench.tree.addProcess(911, { command: "gnome-shell", opens: "/dev/dri/card0" });
    assert.deepEqual(await bench.client.bindDriver({ device: GPU, driver: "none" }), { kind: "done" });
    assert.equal(await functions.writtenToBus("drivers/xe/unbind"), GPU);
  });

  it("does not touch what it cannot prove idle", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(VF, { driver: "vfio-pci", group: "31" });
    await rm(path.join(bench.tree.root, "dev/vfio/31"));
    const missing = await bench.client.bindDriver({ device: VF, driver: "none" });
    assert.deepEqual(missing.kind === "errno" && [missing.errno, missing.call], ["ENOENT", "open"]);
    await functions.without(VF, "iommu_group");
    assert.equal((await bench.client.bindDriver({ device: VF, driver: "none" })).kind, "refused");
    await assertUntouched(functions, VF);
  });

  it("answers `blocked` while the kernel holds a write, and lets a retry join", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(VF, { driver: "vfio-pci", group: "31" });
    await bench.tree.addQemu(4711, { domain: "desk-1", group: "31" });
    const unbind = path.join(bench.tree.root, "sys/bus/pci/drivers/vfio-pci/unbind");
    await blocked(unbind);
    const wanted = { device: VF, driver: "none" } as const;
    const first = await bench.client.bindDriver(wanted, { deadlineMs: 2000 });
    assert.ok(first.kind === "blocked");
    assert.deepEqual(first.holders, [{ pid: 4711, command: "qemu-system-x86", domain: "desk-1" }]);
    const again = bench.client.bindDriver(wanted);
    assert.equal(await taken(unbind), VF);
    assert.deepEqual(await again, { kind: "done" });
  });
});

describe("hostd, asked for a number of virtual functions,", () => {
  it("keeps the host's drivers from them and makes them", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(GPU, { driver: "xe" });
    assert.deepEqual(await bench.client.setVirtualFunctions({ gpu: GPU, count: 7 }), { kind: "done" });
    assert.equal(await functions.written(GPU, "sriov_drivers_autoprobe"), "0");
    assert.equal(await functions.written(GPU, "sriov_numvfs"), "7");
  });

  it("removes the ones there are before it makes another number of them", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(GPU, { driver: "xe" });
    await functions.add(VF, { of: GPU, driver: "vfio-pci", group: "31" });
    const numvfs = functions.file(GPU, "sriov_numvfs");
    await blocked(numvfs);
    // Open for both, so that it keeps what was written before.
    await using kept = await open(numvfs, "r+");
    assert.deepEqual(await bench.client.setVirtualFunctions({ gpu: GPU, count: 3 }), { kind: "done" });
    const { buffer, bytesRead } = await kept.read(Buffer.alloc(8));
    assert.equal(buffer.toString("utf8", 0, bytesRead), "03");
  });

  for (const [automatic, quota, after] of [
    ["0\n", "0", "1"],
    // Somebody's parts are nobody's business while the driver shares out by itself.
    ["1\n", "512", "1\n"],
  ] as const)
    it(`has i915 share out by itself again where there are none any more, if it did not (${automatic.trim()})`, async () => {
      await using bench = await Bench.make();
      const functions = new PciFunctions(bench.tree.root);
      await functions.add(GPU, { driver: "i915" });
      const files = {
        sriov_totalvfs: "2\n",
        "drm/card0/prelim_iov/pf/auto_provisioning": automatic,
        "drm/card0/prelim_iov/vf1/gt0/ggtt_quota": "512",
        "drm/card0/prelim_iov/vf2/gt0/ggtt_quota": "512",
        "drm/card0/prelim_iov/vf2/gt1/contexts_quota": "512",
      };
      for (const [name, text] of Object.entries(files)) {
        await mkdir(path.dirname(functions.file(GPU, name)), { recursive: true });
        await writeFile(functions.file(GPU, name), text);
      }
      assert.deepEqual(await bench.client.setVirtualFunctions({ gpu: GPU, count: 0 }), { kind: "done" });
      const [, switched, ...quotas] = await Promise.all(
        Object.keys(files).map((name) => functions.written(GPU, name)),
      );
      // Real files keep what is longer than the write.
      assert.equal(switched?.trim(), after.trim());
      assert.deepEqual(
        quotas.map((text) => text.startsWith(quota)),
        [true, true, true],
      );
    });

  it("leaves them alone when there are as many", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(GPU, { driver: "xe" });
    await functions.add(VF, { of: GPU });
    assert.deepEqual(await bench.client.setVirtualFunctions({ gpu: GPU, count: 1 }), { kind: "done" });
    assert.equal(await functions.written(GPU, "sriov_numvfs"), "");
  });

  it("answers `held` without writing when a guest has one of them", async () => {
    await using tty = await exclusiveTerminal();
    await using bench = await Bench.make(OPENS_ONCE);
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(GPU, { driver: "xe" });
    await functions.add(VF, { of: GPU, driver: "xe" });
    await functions.add(SECOND_VF, { of: GPU, driver: "xe-vfio-pci", group: tty.number });
    await groupsAreTerminals(bench.tree.root);
    await bench.tree.addQemu(4711, { domain: "desk-1", group: tty.number });
    const holders = [{ pid: 4711, command: "qemu-system-x86", domain: "desk-1" }];
    assert.deepEqual(await bench.client.setVirtualFunctions({ gpu: GPU, count: 0 }), {
      kind: "held",
      holders,
    });
    assert.deepEqual(await bench.client.functionHolders(GPU), { kind: "holders", holders });
    await assertUntouched(functions, GPU);
  });

  it("passes the kernel's refusal on", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(GPU, { driver: "i915" });
    await functions.without(GPU, "sriov_numvfs");
    const result = await bench.client.setVirtualFunctions({ gpu: GPU, count: 1 });
    assert.deepEqual(result, {
      kind: "errno",
      errno: "ENOENT",
      call: "open",
      path: functions.file(GPU, "sriov_numvfs"),
    });
  });

  it("does not write through a link that leads out of the devices", async () => {
    await using bench = await Bench.make();
    const functions = new PciFunctions(bench.tree.root);
    await functions.add(GPU, { driver: "i915" });
    const precious = path.join(bench.tree.root, "precious");
    await writeFile(precious, "data");
    await functions.without(GPU, "sriov_drivers_autoprobe");
    await run("ln", ["-s", precious, functions.file(GPU, "sriov_drivers_autoprobe")]);
    const result = await bench.client.setVirtualFunctions({ gpu: GPU, count: 1 });
    assert.deepEqual(result.kind === "errno" && result.errno, "ELOOP");
  });
});

/** Replaces the file by a FIFO: opening it for writing waits in the kernel until somebody reads. */
async function blocked(file: string): Promise<void> {
  await rm(file);
  await run("mkfifo", [file]);
}

/** What the next writer of the FIFO writes. */
async function taken(file: string): Promise<string> {
  await using reader = await open(file);
  return await reader.readFile("utf8");
}
