// What was seen of each failure mode, in a golden file: docs/failure-modes.md is made from it.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import type { FailureMode, FailureModes } from "../../../../scripts/failure-modes-page.ts";

// From dist/test/e2e/harness/failure-modes back to the sources.
const GOLDEN = new URL("../../../../../test/golden/failure-modes.json", import.meta.url);

/** The names of the modes by group, in the order of the page. */
export type Order = Readonly<Record<string, readonly string[]>>;

export async function recordedModes(): Promise<FailureModes> {
  return JSON.parse(await readFile(GOLDEN, "utf8")) as FailureModes;
}

/** Holds what was seen against what is recorded; UPDATE_GOLDEN=1 records it, and forgets what is not in the order. */
export async function compare(order: Order, group: string, what: string, seen: FailureMode): Promise<void> {
  if (process.env["UPDATE_GOLDEN"] === "1") {
    const before = await recordedModes().catch((): FailureModes => ({}));
    const now = { ...before, [group]: { ...before[group], [what]: seen } };
    await writeFile(GOLDEN, `${JSON.stringify(inOrder(order, now), undefined, 2)}\n`);
  }
  assert.deepEqual(seen, (await recordedModes())[group]?.[what]);
}

function inOrder(order: Order, modes: FailureModes): FailureModes {
  const groups = Object.entries(order).map(([group, whats]) => {
    const known = whats.flatMap((what) => {
      const mode = modes[group]?.[what];
      return mode ? [[what, mode] as const] : [];
    });
    return [group, Object.fromEntries(known)] as const;
  });
  return Object.fromEntries(groups);
}
