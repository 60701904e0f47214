// The parts of a run, kept as each is over: one that broke, or was disturbed, is taken again alone, and the page is made of all
// that were taken at one commit.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Chapter } from "./figure.ts";

const folder = fileURLToPath(new URL("../../bench", import.meta.url));

/** One part as it was taken. */
export interface Part {
  readonly name: string;
  /** As `git describe` tells it, so that figures of changed files are told apart. */
  readonly commit: string;
  /** When it was over, milliseconds since the epoch. */
  readonly takenAt: number;
  /** The machine's load of one minute, before it and behind it. */
  readonly loads: readonly [string, string];
  readonly chapter: Chapter;
}

export async function keep(part: Part): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(fileOf(part.name), JSON.stringify(part));
}

/** Undefined when there is none of that commit. */
export async function kept(name: string, commit: string): Promise<Part | undefined> {
  const text = await readFile(fileOf(name), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  // What keep() wrote.
  const part = JSON.parse(text) as Part;
  return part.commit === commit ? part : undefined;
}

function fileOf(name: string): string {
  return `${folder}/${name}.json`;
}
