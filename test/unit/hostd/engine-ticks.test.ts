// What hostd counts of engines for virtual functions, by a perf that behaves, and when that runs.
import assert from "node:assert/strict";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { IDLE_MS } from "../../../agent/hostd/engine-counts.ts";
import { until } from "../../e2e/harness/until.ts";
import { GvtTree } from "../../fakes/gvt-tree.ts";
import { PciFunctions } from "../../fakes/pci-functions.ts";
import { XePmu } from "../../fakes/perf-kernel.ts";
import { Bench } from "./bench.ts";
import { Counting, flex, GPU, NOTHING, perfBeginsWith, perfsOf, Timers } from "./counting.ts";

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
