// A real perf, asked as hostd asks it, of events that every machine has instead of an xe's: what it prints is understood, and it ends
// when it should.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { PerfProcess, type PerfEnd } from "../../agent/hostd/perf-process.ts";
import { countArguments, figureIn, lookArguments, type Figure } from "../../agent/hostd/perf-stat.ts";
import { until } from "../e2e/harness/until.ts";
import { StartedProcess } from "../fakes/process.ts";
import { unlessImpossible } from "./unless-impossible.ts";

const PERF = "/usr/bin/perf";
const GPU = "0000:03:00.0";
const RENDER = { gt: 0, engine: "render", instance: 0 } as const;
const counter = fileURLToPath(import.meta.resolve("../../agent/hostd/perf-process.js"));

/** The same words, of PMU `software`: its events 0 and 1 (perf_event.h, PERF_COUNT_SW_*) count time on a processor. */
function ofSoftware(words: readonly string[]): readonly string[] {
  return words.map((word) =>
    word
      .replaceAll(/xe_0000_03_00\.0\/engine-(active|total)-ticks,/g, (_, ticks: string) =>
        ticks === "active" ? "software/config=0," : "software/config=1,",
      )
      .replaceAll(/(function|gt|engine_class|engine_instance)=\d+,/g, ""),
  );
}

const counting = (intervalMs: number): readonly string[] =>
  ofSoftware(countArguments(GPU, { functions: [1, 2], engines: [RENDER] }, intervalMs));

/** Process ids of perfs with these words. */
async function running(words: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (line.split("\0").slice(1, -1).join("\0") === words.join("\0")) found.push(pid);
  }
  return found;
}

function notRoot(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "only root may change what perf is permitted";
}

/** How a look ends with what these words of setpriv(1) leave of root's rights. */
async function lookedWith(rights: readonly string[]): Promise<PerfEnd> {
  const words = [...rights, PERF, ...ofSoftware(lookArguments(GPU, [RENDER]))];
  return await new PerfProcess("/usr/bin/setpriv", words, () => undefined).ended;
}

describe("a real perf", function () {
  this.timeout(60_000);

  before(async function () {
    const { because, said } = await new PerfProcess(
      PERF,
      ofSoftware(lookArguments(GPU, [RENDER])),
      () => undefined,
    ).ended;
    unlessImpossible(this, because && `${because}: ${said}`);
  });

  it("tells at once which events there are", async () => {
    const figures: (Figure | undefined)[] = [];
    const words = ofSoftware(lookArguments(GPU, [RENDER]));
    // 99 is no event of PMU software.
    const unknown = "software/config=99,name=f0_gt0_c2_i0_active/";
    const { because } = await new PerfProcess(PERF, [...words, "-e", unknown], (line) => {
      figures.push(figureIn(line));
    }).ended;
    assert.equal(because, undefined);
    const told = figures.map((figure) => [figure?.engine.engine, figure?.value === undefined]);
    assert.deepEqual(told, [
      ["render", false],
      ["video", true],
    ]);
  });

  it("counts in intervals, both figures of a group of the same time, until it is ended", async () => {
    const figures: Figure[] = [];
    const words = counting(20);
    const perf = new PerfProcess(PERF, words, (line) => {
      const figure = figureIn(line);
      if (figure) figures.push(figure);
    });
    await until("three intervals have been counted", () => Promise.resolve(figures.length >= 12));
    const names = figures.slice(0, 4).map(({ function: number, ticks }) => [number, ticks]);
    assert.deepEqual(names, [
      [1, "active"],
      [1, "total"],
      [2, "active"],
      [2, "total"],
    ]);
    assert.ok(figures.every(({ value = 0 }) => value > 0));
    perf.kill();
    assert.deepEqual(await perf.ended, { because: "failed", said: "it ended with SIGKILL and said nothing" });
    assert.deepEqual(await running(words), []);
  });

  it("ends when who reads it is killed", async () => {
    const words = counting(50);
    const program = `
      const { PerfProcess } = await import(${JSON.stringify(counter)});
      new PerfProcess(${JSON.stringify(PERF)}, ${JSON.stringify(words)}, () => console.log("ready"));`;
    const reader = await StartedProcess.start([process.execPath, "--input-type=module", "-e", program]);
    assert.equal((await running(words)).length, 1);
    await reader.end("SIGKILL");
    await until("perf has ended", async () => (await running(words)).length === 0);
  });

  it("says of a GPU that is not there that there is no such PMU", async () => {
    const { because, said } = await new PerfProcess(PERF, lookArguments(GPU, [RENDER]), () => undefined)
      .ended;
    assert.equal(because, "failed");
    assert.match(said, /xe_0000_03_00\.0/);
  });

  it("counts with the capabilities that hostd's unit has, where the kernel asks for no CAP_SYS_ADMIN", async function () {
    unlessImpossible(this, notRoot());
    const unit = await readFile("systemd/vgpud-hostd.service", "utf8");
    const kept = (/^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1] ?? "").toLowerCase().split(" ");
    const bounds = ["-all", ...kept.map((name) => `+${name.slice("cap_".length)}`)].join(",");
    const paranoid = Number(await readFile("/proc/sys/kernel/perf_event_paranoid", "utf8"));
    // Above 2 kernels of Debian and Ubuntu ask for CAP_SYS_ADMIN, others do not: what is refused to all other capabilities together
    // may be refused to hostd's, and nothing else.
    const others = await lookedWith(["--bounding-set=-sys_admin", "--inh-caps=-all"]);
    assert.ok(others.because === undefined || paranoid > 2, others.said);
    const { because, said } = await lookedWith([`--bounding-set=${bounds}`, "--inh-caps=-all"]);
    assert.equal(because, others.because, said);
  });

  it("says that it is not permitted to whoever may not", async function () {
    unlessImpossible(this, notRoot());
    const { because, said } = await lookedWith([
      ...["--bounding-set=-all", "--inh-caps=-all"],
      ...["--reuid=65534", "--regid=65534", "--clear-groups"],
    ]);
    assert.equal(because, "no-permission", said);
    assert.match(said, /^Access to performance monitoring and observability operations is limited\./);
  });
});
