// What hostd counts of engines for virtual functions, by a perf that behaves, and when that runs.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, open, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import {
  EngineCounts,
  IDLE_MS,
  LETS_GO_MS,
  type EngineCountsOptions,
} from "../../../agent/hostd/engine-counts.ts";
import type { EngineTicks } from "../../../agent/hostd/protocol/engines.ts";
import type { Operation, Result } from "../../../agent/hostd/protocol/messages.ts";
import { until } from "../../e2e/harness/until.ts";
import { GvtTree } from "../../fakes/gvt-tree.ts";
import { PciFunctions } from "../../fakes/pci-functions.ts";
import { XePmu } from "../../fakes/perf-kernel.ts";
import { processesThat } from "../../fakes/processes.ts";
import { Bench } from "./bench.ts";

const GPU = "0000:03:00.0";
const VFS = ["0000:03:00.1", "0000:03:00.2"];
const NOTHING = { kind: "engine-ticks", ticks: [], left: 0 };
const run = promisify(execFile);

/** A GPU with virtual functions in a tree, whoever counts for it. */
async function flex(root: string): Promise<{ readonly pmu: XePmu; readonly functions: PciFunctions }> {
  const functions = new PciFunctions(root);
  await functions.add(GPU, { driver: "xe" });
  for (const vf of VFS) await functions.add(vf, { of: GPU, driver: "vfio-pci" });
  return { pmu: await XePmu.add(root, GPU), functions };
}

class Counting implements AsyncDisposable {
  readonly tree: GvtTree;
  readonly counts: EngineCounts;

  private constructor(tree: GvtTree, counts: EngineCounts) {
    this.tree = tree;
    this.counts = counts;
  }

  static async of(tree: GvtTree, options: EngineCountsOptions = {}): Promise<Counting> {
    return Promise.resolve(new Counting(tree, new EngineCounts(tree.root, { intervalMs: 10, ...options })));
  }

  async ask(): Promise<Result> {
    return await this.counts.start(GPU).result;
  }

  async ticks(): Promise<readonly EngineTicks[]> {
    const told = await this.ask();
    assert.ok(told.kind === "engine-ticks", JSON.stringify(told));
    return told.ticks;
  }

  /** As soon as there are so many. */
  async untilThereAre(count: number): Promise<readonly EngineTicks[]> {
    return await until(`${count} engines are counted`, async () => {
      const ticks = await this.ticks();
      return ticks.length === count && ticks;
    });
  }

  /** Begins a change that goes on until it is ended. */
  change(operation: Operation): { readonly ready: Promise<void>; readonly end: () => void } {
    let end = (): void => undefined;
    const result = new Promise<Result>((resolve) => {
      end = () => {
        resolve({ kind: "done" });
      };
    });
    const ready = new Promise<void>((resolve) => {
      this.counts.around(operation, (whenReady) => {
        resolve(whenReady);
        return { pid: 0, result, giveUp: () => undefined };
      });
    });
    return { ready, end };
  }

  /** Those of function 1's render engine, once they have come to so much. */
  async untilRenderIs(active: number, total: number): Promise<void> {
    await until(`function 1 has ${active} of ${total}`, async () => {
      const one = (await this.ticks()).find((tick) => tick.function === 1 && tick.engine === "render");
      return one?.active === active && one.total === total;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.counts.close();
    await until("perf has ended", async () => (await perfsOf(this.tree.root)).length === 0);
    await this.tree[Symbol.asyncDispose]();
  }
}

/** Process ids of the perfs of a tree, and of the scripts that start them. */
async function perfsOf(root: string): Promise<readonly number[]> {
  return await processesThat(
    ([, program = "", word]) =>
      program === path.join(root, "usr/bin/perf") || (program.endsWith("fake-perf.js") && word === root),
  );
}

/** The perf of a tree begins with these lines of a shell. */
async function perfBeginsWith(root: string, lines: string): Promise<void> {
  const perf = path.join(root, "usr/bin/perf");
  const script = await readFile(perf, "utf8");
  await writeFile(perf, script.replace("\n", `\n${lines}\n`));
}

/** Time that passes when a test says so. */
class Timers {
  readonly #pending = new Map<() => void, number>();

  readonly later = (work: () => void, ms: number): (() => void) => {
    const once = (): void => {
      this.#pending.delete(once);
      work();
    };
    this.#pending.set(once, ms);
    return () => this.#pending.delete(once);
  };

  /** Does what was to be done after so long. */
  pass(ms: number): void {
    for (const [work, after] of this.#pending) if (after === ms) work();
  }
}

const name = (number: number, engineClass: number, instance: number, ticks: string): string =>
  `f${number}_gt0_c${engineClass}_i${instance}_${ticks}`;

describe("hostd, asked for ticks of engines,", () => {
  it("tells of each engine that there is, for each virtual function, from nothing on", async () => {
    await using counting = await Counting.of(await GvtTree.make());
    const { pmu } = await flex(counting.tree.root);
    await pmu.set({ ticks: { [name(1, 0, 0, "active")]: 500, [name(1, 0, 0, "total")]: 9_000 } });
    const engines = [
      { gt: 0, engine: "render", instance: 0 },
      { gt: 0, engine: "video", instance: 0 },
      { gt: 0, engine: "video", instance: 1 },
    ];
    assert.deepEqual(
      await counting.untilThereAre(6),
      [1, 2].flatMap((number) =>
        engines.map((engine) => ({ function: number, ...engine, active: 0, total: 0 })),
      ),
    );
  });

  it("adds up what comes, and takes a counter of the kernel that steps back for nothing", async () => {
    await using counting = await Counting.of(await GvtTree.make());
    const { pmu } = await flex(counting.tree.root);
    const at = async (active: number, total: number): Promise<void> => {
      await pmu.set({ ticks: { [name(1, 0, 0, "active")]: active, [name(1, 0, 0, "total")]: total } });
    };
    await at(500, 9_000);
    await counting.ticks();
    await pmu.untilCounted();
    await at(620, 9_300);
    await counting.untilRenderIs(120, 300);
    await at(0, 9_400);
    await counting.untilRenderIs(120, 400);
    await at(30, 9_500);
    await counting.untilRenderIs(150, 500);
    await until("one perf runs", async () => (await perfsOf(counting.tree.root)).length === 1);
  });

  it("answers so over its socket, and leaves no perf behind when it ends, however", async () => {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      await using bench = await Bench.make();
      assert.deepEqual(await bench.client.engineTicks(GPU), { kind: "absent" });
      await flex(bench.tree.root);
      await until("both functions are counted", async () => {
        const told = await bench.client.engineTicks(GPU);
        return told.kind === "engine-ticks" && told.ticks.length === 6;
      });
      await until("perf runs", async () => (await perfsOf(bench.tree.root)).length === 1);
      await bench.process.end(signal);
      await until("perf has ended", async () => (await perfsOf(bench.tree.root)).length === 0);
    }
  });

  it("starts nothing for a GPU without virtual functions, and tells nothing", async () => {
    await using counting = await Counting.of(await GvtTree.make());
    const { root } = counting.tree;
    await new PciFunctions(root).add(GPU, { driver: "xe" });
    await XePmu.add(root, GPU);
    assert.deepEqual(await counting.ask(), { kind: "engine-ticks", ticks: [], left: 0 });
    assert.deepEqual(await perfsOf(root), []);
  });

  it("finds absent what counts nothing for virtual functions: no such GPU, another driver, an xe of before", async () => {
    await using counting = await Counting.of(await GvtTree.make());
    const { root } = counting.tree;
    assert.deepEqual(await counting.ask(), { kind: "absent" });
    await flex(root);
    const pmu = path.join(root, "sys/bus/event_source/devices/xe_0000_03_00.0");
    await rm(path.join(pmu, "format/function"));
    assert.deepEqual(await counting.ask(), { kind: "absent" });
    await writeFile(path.join(pmu, "format/function"), "config:44-59\n");
    await rm(path.join(pmu, "events/engine-total-ticks"));
    assert.deepEqual(await counting.ask(), { kind: "absent" });
  });

  it("says that there is no perf, and finds it once it has been installed", async () => {
    let now = 0;
    await using counting = await Counting.of(await GvtTree.make(), { retryMs: 60_000, now: () => now });
    const { root } = counting.tree;
    await flex(root);
    const perf = path.join(root, "usr/bin/perf");
    const script = await readFile(perf, "utf8");
    await rm(perf);
    const said = `ENOENT: no such file or directory, realpath '${perf}'`;
    const missing = { kind: "uncounted", because: "no-perf", said };
    assert.deepEqual(await counting.ask(), missing);
    await writeFile(perf, script, { mode: 0o755 });
    assert.deepEqual(await counting.ask(), missing);
    now = 60_000;
    await counting.untilThereAre(6);
  });

  it("says in one line what perf said where the kernel does not let it, and does not ask again at once", async () => {
    let now = 0;
    await using counting = await Counting.of(await GvtTree.make(), { retryMs: 60_000, now: () => now });
    const { pmu } = await flex(counting.tree.root);
    await pmu.set({ permitted: false });
    const denied = await counting.ask();
    assert.ok(denied.kind === "uncounted");
    assert.equal(denied.because, "no-permission");
    assert.match(denied.said, /^Access to performance monitoring .* is limited\. Consider adjusting [^\n]*$/);
    await pmu.set({ permitted: true });
    assert.deepEqual(await counting.ask(), denied);
    now = 60_000;
    await counting.untilThereAre(6);
  });

  it("says so when none of the engines can be counted, or the driver shows none", async () => {
    await using counting = await Counting.of(await GvtTree.make(), { retryMs: 0 });
    const { pmu } = await flex(counting.tree.root);
    await pmu.set({ engines: [] });
    const said = async (): Promise<string> => {
      const told = await counting.ask();
      return told.kind === "uncounted" ? `${told.because}: ${told.said}` : told.kind;
    };
    assert.equal(await said(), "failed: perf can count none of the engines");
    await rm(path.join(counting.tree.root, `sys/bus/pci/devices/${GPU}/tile0`), { recursive: true });
    assert.equal(await said(), "failed: the driver shows no engines of the GPU");
  });

  it("counts anew when there is another number of virtual functions: they are others", async () => {
    await using counting = await Counting.of(await GvtTree.make());
    const { pmu, functions } = await flex(counting.tree.root);
    await counting.ticks();
    await pmu.untilCounted();
    await pmu.set({ ticks: { [name(1, 0, 0, "active")]: 70, [name(1, 0, 0, "total")]: 80 } });
    await counting.untilRenderIs(70, 80);
    await functions.add("0000:03:00.3", { of: GPU, driver: "vfio-pci" });
    const ticks = await counting.untilThereAre(9);
    assert.deepEqual(new Set(ticks.map((tick) => tick.function)), new Set([1, 2, 3]));
    assert.ok(ticks.every(({ active, total }) => active === 0 && total === 0));
  });

  it("lets the GPU sleep when nobody asks any more, and keeps what it had counted", async () => {
    const timers = new Timers();
    await using counting = await Counting.of(await GvtTree.make(), { later: timers.later });
    const { pmu } = await flex(counting.tree.root);
    await until("perf counts", async () => {
      await counting.ticks();
      return await pmu.counts();
    });
    await pmu.set({ ticks: { [name(1, 0, 0, "active")]: 70, [name(1, 0, 0, "total")]: 80 } });
    await counting.untilRenderIs(70, 80);
    const { root } = counting.tree;
    timers.pass(IDLE_MS);
    await until("no perf is left", async () => (await perfsOf(root)).length === 0);
    await counting.untilRenderIs(70, 80);
    await until("perf runs again", async () => (await perfsOf(root)).length === 1);
  });

  it("tells nothing before perf has counted something, and says so when it ends before it has", async () => {
    await using counting = await Counting.of(await GvtTree.make());
    await flex(counting.tree.root);
    await perfBeginsWith(counting.tree.root, `case "$*" in *" -I "*) echo 'it broke' >&2; exit 1;; esac`);
    assert.deepEqual(await counting.ask(), NOTHING);
    const broken = await until("perf is missed", async () => {
      const told = await counting.ask();
      if (told.kind === "uncounted") return told;
      assert.deepEqual(told, NOTHING);
      return undefined;
    });
    assert.deepEqual(broken, { kind: "uncounted", because: "failed", said: "it broke" });
  });

  it("has a look that hangs ended when it is given up, which spoils nothing for the next that asks", async () => {
    await using counting = await Counting.of(await GvtTree.make());
    const { pmu } = await flex(counting.tree.root);
    await pmu.set({ hangs: true });
    const hanging = counting.counts.start(GPU);
    await until("perf looks", async () => (await perfsOf(counting.tree.root)).length === 1);
    hanging.giveUp();
    await pmu.set({ hangs: false });
    const next = counting.ask();
    assert.deepEqual(await hanging.result, NOTHING);
    assert.deepEqual(await next, NOTHING);
    await counting.untilThereAre(6);
  });

  it("lets a perf go on that counts when an asking that hangs elsewhere is given up", async () => {
    await using counting = await Counting.of(await GvtTree.make());
    await flex(counting.tree.root);
    await counting.untilThereAre(6);
    const perfs = await perfsOf(counting.tree.root);
    counting.counts.start(GPU).giveUp();
    await counting.ticks();
    assert.equal(perfs.length, 1);
    assert.deepEqual(await perfsOf(counting.tree.root), perfs);
  });

  it("runs a perf that links lead to within /usr, and none that they lead to elsewhere, looking anew each time", async () => {
    await using counting = await Counting.of(await GvtTree.make(), { retryMs: 0 });
    const { root } = counting.tree;
    await flex(root);
    const [perf, outside] = [path.join(root, "usr/bin/perf"), path.join(root, "opt/perf")];
    await mkdir(path.dirname(outside));
    await rename(perf, outside);
    await symlink(outside, perf);
    const said = `${perf} leads out of ${path.join(root, "usr")}`;
    assert.deepEqual(await counting.ask(), { kind: "uncounted", because: "failed", said });
    const inside = path.join(root, "usr/lib/linux-tools/perf");
    await mkdir(path.dirname(inside), { recursive: true });
    await rename(outside, inside);
    await rm(perf);
    await symlink("../lib/linux-tools/perf", perf);
    await counting.untilThereAre(6);
  });

  it("lists no directory that links lead to out of /sys", async () => {
    await using counting = await Counting.of(await GvtTree.make());
    const { root } = counting.tree;
    await flex(root);
    const engines = path.join(root, `sys/bus/pci/devices/${GPU}/tile0/gt0/engines`);
    await rename(engines, path.join(root, "engines"));
    await symlink(path.join(root, "engines"), engines);
    const why = `${engines} leads out of ${path.join(root, "sys")}`;
    assert.deepEqual(await counting.ask(), { kind: "refused", why });
  });
});

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

  it("does not wait for ever for a perf that does not die", async () => {
    const timers = new Timers();
    await using counting = await Counting.of(await GvtTree.make(), { later: timers.later });
    const { root } = counting.tree;
    await flex(root);
    const perf = path.join(root, "usr/bin/perf");
    const script = await readFile(perf, "utf8");
    // What it starts holds its output open when it is killed.
    await writeFile(perf, script.replace("exec ", "").concat("exit $?\n"));
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
