// How late the event loop of a vgpud is, told by a probe inside it.
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../e2e/harness/until.ts";
import type { BenchAgent } from "./agent.ts";

export const LAG_FILE_VARIABLE = "VGPUD_BENCH_LAG";
/** Between two looks of the probe. */
export const PROBE_MS = 2;

/** Milliseconds. */
export interface Lag {
  readonly max: number;
  readonly p99: number;
}

/** For the environment of an agent whose lag is to be measured. */
export function probed(folder: string): Readonly<Record<string, string>> {
  const probe = fileURLToPath(import.meta.resolve("./lag-probe.js"));
  return { NODE_OPTIONS: `--import=${probe}`, [LAG_FILE_VARIABLE]: lagFile(folder) };
}

/** Over the time that `work` takes. */
export async function lagDuring(
  agent: BenchAgent,
  folder: string,
  work: () => Promise<unknown>,
): Promise<Lag> {
  await told(agent, folder);
  await work();
  return await told(agent, folder);
}

async function told(agent: BenchAgent, folder: string): Promise<Lag> {
  await rm(lagFile(folder), { force: true });
  process.kill(agent.pid, "SIGUSR2");
  const text = await until("the probe tells", () => readFile(lagFile(folder), "utf8").catch(() => undefined));
  const { maxMs, p99Ms } = JSON.parse(text) as { readonly maxMs: number; readonly p99Ms: number };
  // What is measured is the time between two looks.
  return { max: Math.max(0, maxMs - PROBE_MS), p99: Math.max(0, p99Ms - PROBE_MS) };
}

function lagFile(folder: string): string {
  return path.join(folder, "lag.json");
}
