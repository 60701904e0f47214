// Processes of this machine, found by what they were started with: those that nobody here has a handle of.
import { readdir, readFile } from "node:fs/promises";

/** Their process ids. `isOne` is told a program and its words. */
export async function processesThat(
  isOne: (words: readonly string[]) => boolean,
): Promise<readonly number[]> {
  const found: number[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (isOne(line.split("\0").slice(0, -1))) found.push(Number(pid));
  }
  return found;
}
