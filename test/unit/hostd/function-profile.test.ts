// hostd's operation on the shares of a virtual function, over real files that take what is written and do nothing.
import assert from "node:assert/strict";
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import type { FunctionProfile } from "../../../agent/hostd/protocol/shares.ts";
import { PciFunctions } from "../../fakes/pci-functions.ts";
import { Bench } from "./bench.ts";

const GPU = "0000:03:00.0";
const XE = "sriov_admin/vf2/profile";
const I915 = "drm/card1/prelim_iov/vf2";
const ALL = {
  execQuantumMs: 20,
  preemptTimeoutUs: 40_000,
  priority: "high",
  vramBytes: 1_073_741_824,
  ggttBytes: 536_870_912,
  contexts: 1024,
  doorbells: 32,
} as const satisfies FunctionProfile;

class Tree {
  readonly bench: Bench;
  readonly functions: PciFunctions;

  constructor(bench: Bench) {
    this.bench = bench;
    this.functions = new PciFunctions(bench.tree.root);
  }

  /** A GPU that can have three virtual functions, with the files of shares below its directory. */
  async add(driver: string, files: Readonly<Record<string, string>>): Promise<void> {
    await this.functions.add(GPU, { driver });
    for (const [name, text] of Object.entries({ sriov_totalvfs: "3\n", ...files })) {
      const file = this.functions.file(GPU, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
    }
  }

  async set(values: FunctionProfile, number = 2) {
    return await this.bench.client.setFunctionProfile({ gpu: GPU, number, values });
  }

  async has(name: string): Promise<string> {
    return await readFile(this.functions.file(GPU, name), "utf8");
  }
}

const xeFiles = Object.fromEntries(
  ["exec_quantum_ms", "preempt_timeout_us", "sched_priority", "vram_quota"].map((name) => [
    `${XE}/${name}`,
    "",
  ]),
);
const i915Files = (unit: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    ["exec_quantum_ms", "preempt_timeout_us", "ggtt_quota", "contexts_quota", "doorbells_quota"].map(
      (name) => [`${unit}/${name}`, ""],
    ),
  );

describe("hostd, asked for shares of a virtual function,", () => {
  it("writes those that xe has files for, and says which it has not", async () => {
    await using bench = await Bench.make();
    const tree = new Tree(bench);
    await tree.add("xe", xeFiles);
    assert.deepEqual(await tree.set(ALL), {
      kind: "profile",
      written: [
        { share: "execQuantumMs", value: 20 },
        { share: "preemptTimeoutUs", value: 40_000 },
        { share: "priority", value: "high" },
        { share: "vramBytes", value: 1_073_741_824 },
      ],
      notOffered: ["ggttBytes", "contexts", "doorbells"],
    });
    assert.equal(await tree.has(`${XE}/preempt_timeout_us`), "40000");
    assert.equal(await tree.has(`${XE}/sched_priority`), "high");
  });

  for (const [folder, units] of [
    ["prelim_iov", ["gt0", "gt1"]],
    ["iov", ["gt"]],
  ] as const)
    it(`writes those of each graphics unit of i915, in its folder ${folder}`, async () => {
      await using bench = await Bench.make();
      const tree = new Tree(bench);
      const at = (unit: string): string => `drm/card1/${folder}/vf2/${unit}`;
      await tree.add(
        "i915",
        Object.fromEntries(units.flatMap((unit) => Object.entries(i915Files(at(unit))))),
      );
      await mkdir(tree.functions.file(GPU, "drm/renderD129"), { recursive: true });
      const { execQuantumMs, contexts, vramBytes, priority } = ALL;
      assert.deepEqual(await tree.set({ execQuantumMs, contexts, vramBytes, priority }), {
        kind: "profile",
        written: [
          ...units.map((unit) => ({ share: "execQuantumMs", unit, value: 20 })),
          ...units.map((unit) => ({ share: "contexts", unit, value: 1024 })),
        ],
        notOffered: ["priority", "vramBytes"],
      });
      for (const unit of units) {
        assert.equal(await tree.has(`${at(unit)}/contexts_quota`), "1024");
        assert.equal(await tree.has(`${at(unit)}/ggtt_quota`), "");
      }
    });

  it("tells what the driver has after the write, which need not be what it was told", async () => {
    await using bench = await Bench.make();
    const tree = new Tree(bench);
    // A write goes over the beginning of what a file has.
    await tree.add("xe", {
      [`${XE}/exec_quantum_ms`]: "00000\n",
      [`${XE}/sched_priority`]: "___ [normal] high\n",
    });
    assert.deepEqual(await tree.set({ execQuantumMs: 1, priority: "low" }), {
      kind: "profile",
      written: [
        { share: "execQuantumMs", value: 10_000 },
        { share: "priority", value: "normal" },
      ],
      notOffered: [],
    });
  });

  it("does not take a text that says nothing for a value", async () => {
    await using bench = await Bench.make();
    const tree = new Tree(bench);
    await tree.add("xe", { [`${XE}/exec_quantum_ms`]: "20 ms, more or less\n" });
    const result = await tree.set({ execQuantumMs: 20 });
    assert.equal(result.kind, "failed");
  });

  it("does not offer what the driver lets nobody write, root neither", async () => {
    await using bench = await Bench.make();
    const tree = new Tree(bench);
    await tree.add("i915", { ...i915Files(`${I915}/gt0`), ...i915Files(`${I915}/gt1`) });
    await chmod(tree.functions.file(GPU, `${I915}/gt1/ggtt_quota`), 0o444);
    assert.deepEqual(await tree.set({ ggttBytes: 4096 }), {
      kind: "profile",
      written: [{ share: "ggttBytes", unit: "gt0", value: 4096 }],
      notOffered: [],
    });
    await chmod(tree.functions.file(GPU, `${I915}/gt0/ggtt_quota`), 0o444);
    assert.deepEqual(await tree.set({ ggttBytes: 8192 }), {
      kind: "profile",
      written: [],
      notOffered: ["ggttBytes"],
    });
  });

  it("stops at the first that is refused, and says which file it is of", async () => {
    await using bench = await Bench.make();
    const tree = new Tree(bench);
    const { [`${XE}/preempt_timeout_us`]: refused, ...files } = xeFiles;
    assert.equal(refused, "");
    await tree.add("xe", files);
    const file = tree.functions.file(GPU, `${XE}/preempt_timeout_us`);
    await mkdir(file);
    const { execQuantumMs, preemptTimeoutUs, vramBytes } = ALL;
    assert.deepEqual(await tree.set({ execQuantumMs, preemptTimeoutUs, vramBytes }), {
      kind: "errno",
      errno: "EISDIR",
      call: "open",
      path: file,
    });
    assert.equal(await tree.has(`${XE}/exec_quantum_ms`), "20");
    assert.equal(await tree.has(`${XE}/vram_quota`), "");
  });

  it("refuses a number that the GPU does not have, and a GPU that can have none", async () => {
    await using bench = await Bench.make();
    const tree = new Tree(bench);
    await tree.add("xe", { ...xeFiles, "sriov_admin/vf4/profile/exec_quantum_ms": "" });
    assert.deepEqual(await tree.set({ execQuantumMs: 20 }, 4), {
      kind: "refused",
      why: `${GPU} has no virtual function 4: it can have 3`,
    });
    assert.equal(await tree.has("sriov_admin/vf4/profile/exec_quantum_ms"), "");
    await tree.functions.without(GPU, "sriov_totalvfs");
    assert.equal((await tree.set({ execQuantumMs: 20 })).kind, "refused");
    assert.equal(await tree.has(`${XE}/exec_quantum_ms`), "");
  });

  it("says when there is no such GPU, and refuses another maker's", async () => {
    await using bench = await Bench.make();
    const tree = new Tree(bench);
    assert.deepEqual(await tree.set({ execQuantumMs: 20 }), { kind: "absent" });
    await tree.add("xe", xeFiles);
    await writeFile(tree.functions.file(GPU, "vendor"), "0x10de\n");
    assert.equal((await tree.set({ execQuantumMs: 20 })).kind, "refused");
    assert.equal(await tree.has(`${XE}/exec_quantum_ms`), "");
  });

  it("does not write through a link, neither of a file nor out of the devices", async () => {
    await using bench = await Bench.make();
    const tree = new Tree(bench);
    await tree.add("xe", { [`${XE}/vram_quota`]: "" });
    const outside = path.join(bench.tree.root, "outside");
    await mkdir(path.join(outside, "profile"), { recursive: true });
    const precious = path.join(outside, "profile/exec_quantum_ms");
    await writeFile(precious, "data");
    await symlink(precious, tree.functions.file(GPU, `${XE}/exec_quantum_ms`));
    const linked = await tree.set({ execQuantumMs: 20 });
    assert.equal(linked.kind === "errno" && linked.errno, "ELOOP");
    await symlink(outside, tree.functions.file(GPU, "sriov_admin/vf1"));
    assert.equal((await tree.set({ execQuantumMs: 20 }, 1)).kind, "refused");
    assert.equal(await readFile(precious, "utf8"), "data");
  });
});
