// Time, CPU time and memory of processes, and what is made of many measurements.
import { readFile, readdir } from "node:fs/promises";

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** `part`: 0 to 1; of 0.99 the value that one in a hundred exceeds. */
export function percentile(values: readonly number[], part: number): number {
  return [...values].sort((a, b) => a - b)[Math.ceil(values.length * part) - 1] ?? Number.NaN;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Milliseconds of CPU that each thread of a process has had (Documentation/scheduler/sched-stats.rst, nanoseconds). */
type CpuTimes = ReadonlyMap<string, number>;

/**
 * The CPU time in milliseconds that a process spends while `work` runs, all its threads counted but those that end
 * meanwhile. The ticks of /proc/PID/stat are 10 ms, more than most of what is measured here.
 */
export async function cpuMsDuring(pids: readonly number[], work: () => Promise<unknown>): Promise<number[]> {
  const before = await Promise.all(pids.map(cpuTimes));
  await work();
  const after = await Promise.all(pids.map(cpuTimes));
  return after.map((times, index) => spent(before[index] ?? new Map(), times));
}

async function cpuTimes(pid: number): Promise<CpuTimes> {
  const threads = await readdir(`/proc/${pid}/task`);
  const times = threads.map(async (thread): Promise<[string, number]> => {
    const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8").catch(() => "0");
    return [thread, Number(text.split(" ")[0]) / 1e6];
  });
  return new Map(await Promise.all(times));
}

function spent(before: CpuTimes, after: CpuTimes): number {
  const each = [...after].map(([thread, ms]) => Math.max(0, ms - (before.get(thread) ?? 0)));
  return each.reduce((sum, ms) => sum + ms, 0);
}

/** Since it began, in milliseconds; threads that have ended are counted (proc(5), fields 14 and 15 in ticks of 10 ms). */
export async function cpuMsSinceStart(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export async function residentMib(pid: number): Promise<number> {
  const kib = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1024;
}
