// Pure: files that cannot be read, as something in a directory that fails so for whoever opens and reads it.
import type { Entries } from "../entries.ts";
import type { Fault } from "./fault.ts";

/** Linux answers EIO to whoever reads its own address 0. */
const READS_EIO = "/proc/self/mem";

/** The tree with each target in the place of its file; one that is not there, or is no file, stays as it is. */
export function withFailingFiles(entries: Entries, faults: readonly Fault[]): Entries {
  if (faults.length === 0) return entries;
  const changed = new Map(entries);
  for (const { target = "", errno } of faults) {
    if (changed.get(target)?.kind !== "file") continue;
    if (errno === "ENOENT") changed.delete(target);
    else changed.set(target, { kind: "link", to: READS_EIO });
  }
  return changed;
}
