// The one adapter to systeminformation. Most of its functions start shells (versions() more than thirty, currentLoad() one that
// the whole process waits for), so only three are used: cpu() and osInfo() start a few short processes, once, when the agent
// starts; mem() reads /proc.
// It is large, and loaded only where it is asked.
import { cpus } from "node:os";
import type { Clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";

/** Facts of the machine that are worth showing. Undefined: the machine did not say, or not in time. */
export interface Machine {
  readonly cpuModel: string | undefined;
  /** Logical processors. */
  readonly cpus: number | undefined;
  /** What the kernel has in all. On Xen that is the memory of dom0. */
  readonly memoryBytes: number | undefined;
  /** The distribution, as `Debian GNU/Linux 12`. */
  readonly osRelease: string | undefined;
  /** What new processes can have without swapping. */
  readonly memoryAvailableBytes: number | undefined;
  /** Share of the processors' time that was used between two looks, 0 to 1; undefined before the second. */
  readonly cpuBusy: number | undefined;
}

type Lasting = Omit<Machine, "memoryAvailableBytes" | "cpuBusy">;

/** A machine that says nothing. */
export const nobodysMachine: Machine = {
  cpuModel: undefined,
  cpus: undefined,
  memoryBytes: undefined,
  osRelease: undefined,
  memoryAvailableBytes: undefined,
  cpuBusy: undefined,
};

/** What is used of systeminformation. */
export interface MachineSource {
  readonly cpu: () => Promise<{
    readonly manufacturer: string;
    readonly brand: string;
    readonly cores: number;
  }>;
  readonly mem: () => Promise<{ readonly total: number; readonly available: number }>;
  readonly osInfo: () => Promise<{ readonly distro: string; readonly release: string }>;
}

export interface MachineOptions {
  readonly stop: AbortSignal;
  readonly clock: Pick<Clock, "sleep">;
  /** Milliseconds until what has not been said counts as undefined; default 5,000. */
  readonly deadlineMs?: number;
  readonly source?: MachineSource;
}

const DEADLINE_MS = 5_000;

/** What does not change while the agent runs. Never rejects: nothing the agent does depends on these facts. */
export async function readMachine(options: MachineOptions): Promise<Lasting> {
  const { stop, clock, deadlineMs = DEADLINE_MS } = options;
  using deadline = new Deadline(deadlineMs, { stop, clock });
  const { signal } = deadline;
  const [cpu, mem, os] = await Promise.all([
    told(async () => (await sourceOf(options)).cpu(), signal),
    told(async () => (await sourceOf(options)).mem(), signal),
    told(async () => (await sourceOf(options)).osInfo(), signal),
  ]);
  return {
    cpuModel: words(cpu?.manufacturer, cpu?.brand),
    cpus: positive(cpu?.cores),
    memoryBytes: positive(mem?.total),
    osRelease: words(os?.distro, os?.release),
  };
}

/** What new processes can have. Never rejects, as above. */
export async function readMemoryAvailable(options: MachineOptions): Promise<number | undefined> {
  const { stop, clock, deadlineMs = DEADLINE_MS } = options;
  using deadline = new Deadline(deadlineMs, { stop, clock });
  const mem = await told(async () => (await sourceOf(options)).mem(), deadline.signal);
  return positive(mem?.available);
}

/** Milliseconds of all processors since the boot. */
export interface CpuTimes {
  readonly busy: number;
  readonly all: number;
}

export function readCpuTimes(): CpuTimes {
  const times = cpus().map((cpu) => cpu.times);
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  return { all, busy: all - times.reduce((sum, { idle }) => sum + idle, 0) };
}

/** Undefined when no time has passed. */
export function busyBetween(before: CpuTimes, now: CpuTimes): number | undefined {
  const all = now.all - before.all;
  return all > 0 ? Math.min(1, Math.max(0, (now.busy - before.busy) / all)) : undefined;
}

async function sourceOf({ source }: Pick<MachineOptions, "source">): Promise<MachineSource> {
  return source ?? (await import("systeminformation"));
}

/** Undefined when the question fails or is not answered before the signal; what it started ends by itself. */
function told<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve) => {
    const giveUp = (): void => {
      resolve(undefined);
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
    Promise.resolve()
      .then(ask)
      .then(resolve, giveUp)
      .finally(() => {
        signal.removeEventListener("abort", giveUp);
      });
  });
}

/** systeminformation says "" or "unknown" for what it could not find out. */
function words(...parts: readonly (string | undefined)[]): string | undefined {
  const said = parts.filter((part) => part !== undefined && part !== "" && part !== "unknown");
  return said.length === 0 ? undefined : said.join(" ");
}

function positive(count: number | undefined): number | undefined {
  return count !== undefined && count > 0 ? count : undefined;
}
