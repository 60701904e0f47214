// Slices of XenGT: what hostd writes and reads of the driver, and of what device models said, in real files.
import assert from "node:assert/strict";
import { mkdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { performOperation } from "../../../agent/hostd/perform.ts";
import { removalBy } from "../../../agent/hostd/vgt-instances.ts";
import { VGT_RESOURCES } from "../../../agent/hostd/protocol/vgt.ts";
import { GvtTree } from "../../fakes/gvt-tree.ts";
import { addXengt } from "../../fakes/xengt-tree.ts";
import { Bench } from "./bench.ts";

const SIZES = { lowGmMib: 128, highGmMib: 384, fences: 4 };

describe("hostd and XenGT", () => {
  it("makes a slice by one line of six fields, and says so when there is no driver", async () => {
    await using bench = await Bench.make();
    assert.deepEqual(await bench.client.makeVgtInstance({ domid: 7, ...SIZES }), {
      ...{ kind: "errno", errno: "ENOENT", call: "lstat" },
      path: path.join(bench.tree.root, "sys/kernel"),
    });
    const control = await addXengt(bench.tree);
    assert.deepEqual(await bench.client.makeVgtInstance({ domid: 7, ...SIZES }), { kind: "done" });
    assert.equal(await readFile(control, "utf8"), "7,128,384,4,-1,0");
  });

  it("answers with the errno of the driver's refusal", async () => {
    await using bench = await Bench.make(["prlimit", "--fsize=0"]);
    const control = await addXengt(bench.tree);
    const refused = { kind: "errno", errno: "EFBIG", call: "write", path: control };
    assert.deepEqual(await bench.client.makeVgtInstance({ domid: 7, ...SIZES }), refused);
  });

  it("finds a slice that is gone absent, and removes none while xenstore cannot be asked", async () => {
    await using bench = await Bench.make();
    assert.deepEqual(await bench.client.removeVgtInstance(7), { kind: "absent" });
    const control = await addXengt(bench.tree, [7]);
    assert.deepEqual(await bench.client.removeVgtInstance(8), { kind: "absent" });
    const removal = await bench.client.removeVgtInstance(7);
    assert.ok(removal.kind === "errno");
    assert.deepEqual([removal.errno, removal.path], ["ENOENT", path.join(bench.tree.root, "dev/xen")]);
    assert.equal(await readFile(control, "utf8"), "");
  });

  it("takes a slice that the driver does not know for absent, and any other errno for a refusal", () => {
    const answering = (code: string) => () => {
      throw Object.assign(new Error("write"), { code });
    };
    assert.deepEqual(removalBy(answering("ENODEV")), { kind: "absent" });
    assert.throws(() => removalBy(answering("EBUSY")), { code: "EBUSY" });
    assert.deepEqual(
      removalBy(() => undefined),
      { kind: "done" },
    );
  });

  it("tells what the driver has left, in the units that the driver has", async () => {
    await using bench = await Bench.make();
    assert.deepEqual(await bench.client.vgtResources(), { kind: "absent" });
    const control = await addXengt(bench.tree);
    assert.deepEqual(await bench.client.vgtResources(), { kind: "absent" });
    const lines = [
      "0x00000200, 0x00000180, 0x00000600, 0x00000480, 0x00000020, 0x0000000c, ",
      "ffffffff,00000000",
      "000000ff",
    ];
    await writeFile(path.join(path.dirname(control), "available_resource"), `${lines.join("\n")}\n`);
    assert.deepEqual(await bench.client.vgtResources(), {
      kind: "vgt-resources",
      ...{ lowTotalMib: 512, lowFreeMib: 384, highTotalMib: 1536, highFreeMib: 1152 },
      ...{ fencesTotal: 32, fencesFree: 12 },
    });
  });

  it("tells how busy slices were, of those whose driver says so", async () => {
    await using bench = await Bench.make();
    const told = async (): Promise<unknown> => await bench.client.vgtUtilization();
    assert.deepEqual(await told(), { kind: "vgt-utilization", slices: [] });
    await addXengt(bench.tree, [7, 12]);
    const vgt = path.join(bench.tree.root, "sys/kernel/vgt");
    await mkdir(path.join(vgt, "vm0"));
    assert.deepEqual(await told(), { kind: "vgt-utilization", slices: [] });
    const file = (vm: string): string => path.join(vgt, vm, "vgpu_hw_utilization");
    for (const vm of ["vm0", "vm12"]) await writeFile(file(vm), "37\n");
    assert.deepEqual(await told(), { kind: "vgt-utilization", slices: [{ domid: 12, percent: 37 }] });
    for (const text of ["", "-1", "busy", "0x10"]) {
      await writeFile(file("vm12"), `${text}\n`);
      assert.deepEqual(await told(), { kind: "failed", why: "vgpu_hw_utilization of vm12 is no number" });
    }
    await rm(file("vm12"));
    await symlink("/proc/self/stat", file("vm12"));
    assert.equal((await bench.client.vgtUtilization()).kind, "errno");
  });

  it("makes no figures of what is none", async () => {
    await using tree = await GvtTree.make();
    const file = path.join(path.dirname(await addXengt(tree)), "available_resource");
    for (const text of ["", "512, 384", "0x1, 0x2, 0x3, 0x4, 0x5, six", "\n0x1, 0x2, 0x3, 0x4, 0x5, 0x6"]) {
      await writeFile(file, text);
      const result = performOperation(tree.root, { kind: "vgt-resources" });
      assert.match(result.kind === "failed" ? result.why : result.kind, /not begin with 6 numbers/);
    }
    assert.equal(VGT_RESOURCES.length, 6);
  });
});

describe("hostd and what a device model said", () => {
  const log = (root: string): string => path.join(root, "var/log/xen/qemu-dm-desk 1.log");
  const written = new Date("2026-01-01T00:00:00.250Z");
  const write = async (root: string, text: string): Promise<void> => {
    await writeFile(log(root), text);
    await utimes(log(root), written, written);
  };
  const told = (...lines: readonly string[]) => ({ kind: "log", lines, writtenAt: written.getTime() });

  it("tells the last lines, printable and cut, and when the file was written last", async () => {
    await using bench = await Bench.make();
    assert.deepEqual(await bench.client.deviceModelLog("desk 1"), { kind: "absent" });
    await mkdir(path.dirname(log(bench.tree.root)), { recursive: true });
    assert.deepEqual(await bench.client.deviceModelLog("desk 1"), { kind: "absent" });
    await write(bench.tree.root, "");
    assert.deepEqual(await bench.client.deviceModelLog("desk 1"), told());
    const said = ["a\u001b[2Jb", "", "vGT: create_vgt_instance failed: errno=22"];
    await write(bench.tree.root, `${said.join("\n")}\n`);
    const lines = ["a?[2Jb", "", "vGT: create_vgt_instance failed: errno=22"];
    assert.deepEqual(await bench.client.deviceModelLog("desk 1"), told(...lines));
  });

  it("reads no more than the end of a long one", async () => {
    await using tree = await GvtTree.make();
    await mkdir(path.dirname(log(tree.root)), { recursive: true });
    const numbered = Array.from({ length: 40_000 }, (_, line) => `line ${line}`);
    await write(tree.root, numbered.join("\n"));
    const ask = { kind: "device-model-log", name: "desk 1" } as const;
    assert.deepEqual(performOperation(tree.root, ask), told(...numbered.slice(-20)));
    await write(tree.root, `begins${"x".repeat(70_000)}\n${"y".repeat(300)}`);
    assert.deepEqual(performOperation(tree.root, ask), told("y".repeat(200)));
  });

  it("follows no link to another file", async () => {
    await using tree = await GvtTree.make();
    await mkdir(path.dirname(log(tree.root)), { recursive: true });
    const secret = path.join(tree.root, "secret");
    await writeFile(secret, "secret");
    await symlink(secret, log(tree.root));
    const ask = { kind: "device-model-log", name: "desk 1" } as const;
    const result = performOperation(tree.root, ask);
    assert.deepEqual(result.kind === "errno" && [result.errno, result.path], ["ELOOP", log(tree.root)]);
    await rm(path.join(tree.root, "var/log/xen"), { recursive: true });
    await symlink(tree.root, path.join(tree.root, "var/log/xen"));
    assert.equal(performOperation(tree.root, ask).kind, "absent");
  });
});
