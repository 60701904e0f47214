// What a probe inside a vgpud tells: how late its event loop is, and how often it syncs to the disk.
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../e2e/harness/until.ts";
import type { BenchAgent } from "./agent.ts";

export const INSIDE_FILE_VARIABLE = "VGPUD_BENCH_INSIDE";
/** Between two looks of the probe at the event loop. */
export const PROBE_MS = 2;

/** What the probe writes down; the delays are the time between two of its looks. */
export interface Told {
  readonly maxMs: number;
  readonly p99Ms: number;
  readonly fsyncs: number;
}

export interface Inside {
  /** By how much the event loop was late, in milliseconds. */
  readonly lag: { readonly max: number; readonly p99: number };
  /** Calls of fsync(2), for files and folders. */
  readonly fsyncs: number;
}

/** For the environment of an agent that is to be looked into. */
export function probed(folder: string): Readonly<Record<string, string>> {
  const probe = fileURLToPath(import.meta.resolve("./inside-probe.js"));
  return { NODE_OPTIONS: `--import=${probe}`, [INSIDE_FILE_VARIABLE]: toldFile(folder) };
}

/** Over the time that `work` takes. */
export async function insideDuring(
  agent: BenchAgent,
  folder: string,
  work: () => Promise<unknown>,
): Promise<Inside> {
  await told(agent, folder);
  await work();
  const { maxMs, p99Ms, fsyncs } = await told(agent, folder);
  return { lag: { max: Math.max(0, maxMs - PROBE_MS), p99: Math.max(0, p99Ms - PROBE_MS) }, fsyncs };
}

/** Since it was asked last. */
async function told(agent: BenchAgent, folder: string): Promise<Told> {
  await rm(toldFile(folder), { force: true });
  process.kill(agent.pid, "SIGUSR2");
  const text = await until("the probe tells", () =>
    readFile(toldFile(folder), "utf8").catch(() => undefined),
  );
  return JSON.parse(text) as Told;
}

function toldFile(folder: string): string {
  return path.join(folder, "inside.json");
}
