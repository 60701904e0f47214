import assert from "node:assert/strict";
import os from "node:os";
import { readLoad, readMachine, type MachineSource } from "../../../agent/host/machine.ts";

const source: MachineSource = {
  cpu: () => Promise.resolve({ manufacturer: "Intel", brand: "Core i5-7500", cores: 4 }),
  mem: () => Promise.resolve({ total: 16_777_216_000, available: 8_388_608_000 }),
  currentLoad: () => Promise.resolve({ currentLoad: 12.5 }),
  osInfo: () => Promise.resolve({ distro: "Debian GNU/Linux", release: "12" }),
};
const never = <T>(): Promise<T> => new Promise(() => undefined);
const stop = new AbortController().signal;

describe("the facts of the machine", () => {
  it("name the processor, its count, the memory and the distribution", async () => {
    assert.deepEqual(await readMachine({ source, stop }), {
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
    const { cpus, memoryBytes, osRelease } = await readMachine({ source: failing, stop });
    assert.deepEqual([cpus, memoryBytes, osRelease], [4, undefined, undefined]);
  });

  it("leave out what is not said by the deadline", async () => {
    const { cpuModel, osRelease } = await readMachine({
      source: { ...source, cpu: never },
      stop,
      deadlineMs: 20,
    });
    assert.deepEqual([cpuModel, osRelease], [undefined, "Debian GNU/Linux 12"]);
  });

  it("leave out what is not said when the agent stops", async () => {
    const silent: MachineSource = { cpu: never, mem: never, osInfo: never, currentLoad: never };
    const { memoryBytes } = await readMachine({ source: silent, stop: AbortSignal.abort() });
    assert.equal(memoryBytes, undefined);
  });

  it("leave out what the machine does not know", async () => {
    const empty: MachineSource = {
      cpu: () => Promise.resolve({ manufacturer: "", brand: "", cores: 0 }),
      mem: () => Promise.resolve({ total: Number.NaN, available: 0 }),
      currentLoad: () => Promise.resolve({ currentLoad: Number.NaN }),
      osInfo: () => Promise.resolve({ distro: "unknown", release: "unknown" }),
    };
    const nothing = { cpuModel: undefined, cpus: undefined, memoryBytes: undefined, osRelease: undefined };
    assert.deepEqual(await readMachine({ source: empty, stop }), nothing);
    assert.deepEqual(await readLoad({ source: empty, stop }), {
      memoryAvailableBytes: undefined,
      cpuBusy: undefined,
    });
  });

  it("name what memory is left, and the share of the processors that is in use", async () => {
    assert.deepEqual(await readLoad({ source, stop }), {
      memoryAvailableBytes: 8_388_608_000,
      cpuBusy: 0.125,
    });
  });

  it("are of this machine: some memory is left, and no more than there is", async () => {
    const { memoryAvailableBytes = 0, cpuBusy = -1 } = await readLoad({ stop, deadlineMs: 30_000 });
    assert.ok(
      memoryAvailableBytes > 0 && memoryAvailableBytes <= os.totalmem(),
      String(memoryAvailableBytes),
    );
    assert.ok(cpuBusy >= 0 && cpuBusy <= 1, String(cpuBusy));
  });

  it("agree with Node where both say something", async () => {
    const { cpus, memoryBytes } = await readMachine({ stop, deadlineMs: 30_000 });
    assert.equal(cpus, os.cpus().length);
    assert.equal(memoryBytes, os.totalmem());
  });
});
