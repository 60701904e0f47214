// Counting of engines gives way where the GPU's driver or its virtual functions change.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { open, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { LETS_GO_MS } from "../../../agent/hostd/engine-counts.ts";
import { until } from "../../e2e/harness/until.ts";
import { GvtTree } from "../../fakes/gvt-tree.ts";
import { Bench } from "./bench.ts";
import { Counting, flex, GPU, NOTHING, perfsOf, Timers, VFS } from "./counting.ts";

const run = promisify(execFile);

describe("hostd, where a GPU's driver or its virtual functions change,", () => {
  const changes = [
    { kind: "set-virtual-functions", gpu: GPU, count: 0 },
    { kind: "bind-driver", device: GPU, driver: "vfio-pci" },
  ] as const;
  for (const operation of changes)
    it(`lets go of the GPU before, and counts nothing of it until that has ended (${operation.kind})`, async () => {
      await using counting = await Counting.of(await GvtTree.make());
      await flex(counting.tree.root);
      const { root } = counting.tree;
      await counting.untilThereAre(6);
      const change = counting.change(operation);
      await change.ready;
      assert.deepEqual(await perfsOf(root), []);
      assert.deepEqual(await counting.ask(), NOTHING);
      assert.deepEqual(await perfsOf(root), []);
      change.end();
      await counting.untilThereAre(6);
    });

  it("starts nothing for who asked before the change began, whether it has ended meanwhile or not", async () => {
    await using counting = await Counting.of(await GvtTree.make());
    await flex(counting.tree.root);
    for (const endsAtOnce of [false, true]) {
      const asked = counting.ask();
      const change = counting.change(changes[0]);
      if (endsAtOnce) change.end();
      assert.deepEqual(await asked, NOTHING);
      assert.deepEqual(await perfsOf(counting.tree.root), []);
      change.end();
    }
  });

  it("ends a look of perf for it, too", async () => {
    await using counting = await Counting.of(await GvtTree.make());
    const { pmu } = await flex(counting.tree.root);
    await pmu.set({ hangs: true });
    const asked = counting.ask();
    await until("perf looks", async () => (await perfsOf(counting.tree.root)).length === 1);
    const change = counting.change(changes[0]);
    await change.ready;
    assert.deepEqual(await perfsOf(counting.tree.root), []);
    assert.deepEqual(await asked, NOTHING);
    change.end();
  });

  it("counts on where another function's driver changes", async () => {
    await using counting = await Counting.of(await GvtTree.make());
    await flex(counting.tree.root);
    await counting.untilThereAre(6);
    const perfs = await perfsOf(counting.tree.root);
    const change = counting.change({ kind: "bind-driver", device: VFS[0] ?? "", driver: "vfio-pci" });
    await change.ready;
    assert.equal((await counting.ticks()).length, 6);
    assert.deepEqual(await perfsOf(counting.tree.root), perfs);
    change.end();
  });

  it("ends what a wrapper of perf has started, too", async () => {
    await using counting = await Counting.of(await GvtTree.make());
    const { root } = counting.tree;
    await flex(root);
    const perf = path.join(root, "usr/bin/perf");
    await writeFile(perf, (await readFile(perf, "utf8")).replace("exec ", "").concat("exit $?\n"));
    await counting.untilThereAre(6);
    assert.equal((await perfsOf(root)).length, 2);
    const change = counting.change(changes[0]);
    await change.ready;
    await until("both are gone", async () => (await perfsOf(root)).length === 0);
    change.end();
  });

  it("does not wait for ever for a perf that does not die", async () => {
    const timers = new Timers();
    await using counting = await Counting.of(await GvtTree.make(), { later: timers.later });
    const { root } = counting.tree;
    await flex(root);
    const perf = path.join(root, "usr/bin/perf");
    const script = await readFile(perf, "utf8");
    // What it starts in a session of its own holds its output open when it is killed.
    await writeFile(perf, script.replace("exec ", "setsid ").concat("exit $?\n"));
    await counting.untilThereAre(6);
    assert.equal((await perfsOf(root)).length, 2);
    const change = counting.change(changes[0]);
    let isReady = false;
    void change.ready.then(() => (isReady = true));
    const [orphan = 0] = await until("the script is dead", async () => {
      const left = await perfsOf(root);
      return left.length === 1 && left;
    });
    assert.ok(!isReady);
    timers.pass(LETS_GO_MS);
    await change.ready;
    assert.deepEqual(await perfsOf(root), [orphan]);
    process.kill(orphan, "SIGKILL");
    change.end();
  });

  it("tells nothing over its socket while the kernel holds the change, and counts again after it", async () => {
    await using bench = await Bench.make();
    const { functions } = await flex(bench.tree.root);
    const engines = async (): Promise<number> => {
      const told = await bench.client.engineTicks(GPU);
      return told.kind === "engine-ticks" ? told.ticks.length : NaN;
    };
    await until("both functions are counted", async () => (await engines()) === 6);
    // Its first write.
    const autoprobe = functions.file(GPU, "sriov_drivers_autoprobe");
    await rm(autoprobe);
    await run("mkfifo", [autoprobe]);
    const changed = bench.client.setVirtualFunctions({ gpu: GPU, count: VFS.length });
    await until("no perf is left", async () => (await perfsOf(bench.tree.root)).length === 0);
    assert.equal(await engines(), 0);
    assert.deepEqual(await perfsOf(bench.tree.root), []);
    await using reader = await open(autoprobe, "r");
    assert.deepEqual(await changed, { kind: "done" });
    assert.equal((await reader.read(Buffer.alloc(8))).bytesRead, 1);
    await until("both are counted again", async () => (await engines()) === 6);
  });
});
