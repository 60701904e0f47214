import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { getEventListeners } from "node:events";
import os from "node:os";
import { systemClock } from "../../../agent/core/clock.ts";
import {
  busyBetween,
  readCpuTimes,
  readMachine,
  readMemoryAvailable,
  type MachineSource,
} from "../../../agent/host/machine.ts";
import { FakeClock } from "../../fakes/clock.ts";

const source: MachineSource = {
  cpu: () => Promise.resolve({ manufacturer: "Intel", brand: "Core i5-7500", cores: 4 }),
  mem: () => Promise.resolve({ total: 16_777_216_000, available: 8_388_608_000 }),
  osInfo: () => Promise.resolve({ distro: "Debian GNU/Linux", release: "12" }),
};
const MODULE = import.meta.resolve("../../../agent/host/machine.js");
const CLOCK = import.meta.resolve("../../../agent/core/clock.js");
const never = <T>(): Promise<T> => new Promise(() => undefined);
const stop = new AbortController().signal;
/** Stands still. */
const clock = new FakeClock();

describe("the facts of the machine", () => {
  it("name the processor, its count, the memory and the distribution", async () => {
    assert.deepEqual(await readMachine({ source, stop, clock }), {
      cpuModel: "Intel Core i5-7500",
      cpus: 4,
      memoryBytes: 16_777_216_000,
      osRelease: "Debian GNU/Linux 12",
    });
  });

  it("leave out what fails, whichever way, and keep the rest", async () => {
    const failing: MachineSource = {
      ...source,
      mem: () => {
        throw new Error("no /proc/meminfo");
      },
      osInfo: () => Promise.reject(new Error("no shell")),
    };
    const { cpus, memoryBytes, osRelease } = await readMachine({ source: failing, stop, clock });
    assert.deepEqual([cpus, memoryBytes, osRelease], [4, undefined, undefined]);
  });

  it("leave out what is not said by the deadline", async () => {
    const passing = new FakeClock();
    const reading = readMachine({ source: { ...source, cpu: never }, stop, clock: passing, deadlineMs: 20 });
    await passing.advance(20);
    const { cpuModel, osRelease } = await reading;
    assert.deepEqual([cpuModel, osRelease], [undefined, "Debian GNU/Linux 12"]);
  });

  it("leave out what is not said when the agent stops", async () => {
    const silent: MachineSource = { cpu: never, mem: never, osInfo: never };
    const { memoryBytes } = await readMachine({ source: silent, stop: AbortSignal.abort(), clock });
    assert.equal(memoryBytes, undefined);
    const stopping = new AbortController();
    const left = readMemoryAvailable({ source: silent, stop: stopping.signal, clock, deadlineMs: 600_000 });
    stopping.abort();
    assert.equal(await left, undefined);
    assert.deepEqual(getEventListeners(stopping.signal, "abort"), []);
  });

  it("leave out what the machine does not know", async () => {
    const empty: MachineSource = {
      cpu: () => Promise.resolve({ manufacturer: "", brand: "", cores: 0 }),
      mem: () => Promise.resolve({ total: Number.NaN, available: 0 }),
      osInfo: () => Promise.resolve({ distro: "unknown", release: "unknown" }),
    };
    const nothing = { cpuModel: undefined, cpus: undefined, memoryBytes: undefined, osRelease: undefined };
    assert.deepEqual(await readMachine({ source: empty, stop, clock }), nothing);
    assert.equal(await readMemoryAvailable({ source: empty, stop, clock }), undefined);
  });

  it("name what memory is left", async () => {
    assert.equal(await readMemoryAvailable({ source, stop, clock }), 8_388_608_000);
    const here = (await readMemoryAvailable({ stop, clock, deadlineMs: 30_000 })) ?? 0;
    assert.ok(here > 0 && here <= os.totalmem(), String(here));
  });

  it("name the share of the processors that was in use between two looks", () => {
    const before = { busy: 1_000, all: 8_000 };
    assert.equal(busyBetween(before, { busy: 1_250, all: 9_000 }), 0.25);
    assert.equal(busyBetween(before, before), undefined);
    // Of a virtual machine that was moved the counters may go back.
    assert.equal(busyBetween(before, { busy: 900, all: 9_000 }), 0);
    const { busy, all } = readCpuTimes();
    assert.ok(busy > 0 && busy < all, `${busy} of ${all}`);
  });

  it("are read again and again without a process and without a wait for one", () => {
    const programs = `
      import child from "node:child_process";
      import { syncBuiltinESMExports } from "node:module";
      for (const name of ["exec", "execSync", "execFile", "execFileSync", "spawn", "spawnSync"])
        child[name] = () => { console.log(name); process.exit(1); };
      syncBuiltinESMExports();
      const { readCpuTimes, readMemoryAvailable } = await import(${JSON.stringify(MODULE)});
      readCpuTimes();
      const { systemClock: clock } = await import(${JSON.stringify(CLOCK)});
      const { signal: stop } = new AbortController();
      console.log((await readMemoryAvailable({ stop, clock, deadlineMs: 30_000 })) > 0);`;
    const ran = spawnSync(process.execPath, ["--input-type=module", "-e", programs], { encoding: "utf8" });
    assert.deepEqual([ran.stdout, ran.stderr], ["true\n", ""]);
  });

  it("agree with Node where both say something", async () => {
    const { cpus, memoryBytes } = await readMachine({ stop, clock: systemClock, deadlineMs: 30_000 });
    assert.equal(cpus, os.cpus().length);
    assert.equal(memoryBytes, os.totalmem());
  });
});
