// Runs vgpuctl in this process against a socket, and compares what it writes with golden files.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { systemClock } from "../../../agent/core/clock.ts";
import type { Environment } from "../../../agent/cli/environment.ts";
import { readContract, readText } from "../../../agent/cli/package-files.ts";
import { run, type Outcome } from "../../../agent/cli/run.ts";
import { offlineDoctor } from "../../../agent/doctor/offline.ts";
import { connectPlacement } from "../../../agent/placement/connect.ts";
import { connect } from "../../../agent/cli/client/vgpud.ts";

export const FRESH_ID = "c1a1c1a1-0000-4000-8000-00000000c1a1";

export interface Ran extends Outcome {
  /** What was written to stderr before the end. */
  readonly notes: readonly string[];
  /** What was written to stdout before the end, piece by piece. */
  readonly written: readonly string[];
}

/** Without a path no socket is named. */
export async function vgpuctl(
  socketPath: string | undefined,
  argv: readonly string[],
  environment: Partial<Environment> = {},
): Promise<Ran> {
  const notes: string[] = [];
  const written: string[] = [];
  const outcome = await run([...(socketPath === undefined ? [] : ["--socket", socketPath]), ...argv], {
    ...surroundings,
    write: (text) => written.push(text),
    note: (line) => notes.push(line),
    ...environment,
  });
  return { ...outcome, notes, written };
}

/** Of a run without a terminal. */
export const surroundings: Environment = {
  version: "0.1.0",
  newUuid: () => FRESH_ID,
  clock: systemClock,
  signal: new AbortController().signal,
  colour: false,
  write: () => undefined,
  note: () => undefined,
  readText,
  contract: readContract,
  connect,
  placement: (settings) => Promise.resolve(connectPlacement(settings, systemClock)),
  locale: "",
  doctor: () => Promise.resolve(offlineDoctor),
};

/** Compares with test/golden/cli/NAME. UPDATE_GOLDEN=1 rewrites the file; its diff is reviewed. */
export async function matchesGolden(name: string, actual: string): Promise<void> {
  const file = new URL(`../../../../test/golden/cli/${name}`, import.meta.url);
  if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(file, actual);
  assert.equal(actual, await readFile(file, "utf8"));
}
