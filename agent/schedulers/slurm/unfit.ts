// A node that slurmctld takes for unfit for jobs: why, and what brings it back. Pure.
import type { SchedulerError } from "../scheduler.ts";
import { slurmError } from "./commands.ts";
import type { Fault } from "./found-counts.ts";

const RELOAD = "systemctl reload slurmd on the node";
const CHANGED = "a count was changed while jobs had some of it, and those go on";

/** `publish`: whether the counts are vgpud's. */
export function unfitError(
  { node, reason, fault }: { readonly node: string; readonly reason: string; readonly fault: Fault },
  { publish }: { readonly publish: boolean },
): SchedulerError {
  const words = publish || fault === "too-few" ? wordsOf[fault] : BY_HAND;
  const message = `Slurm takes no jobs on node ${node} (${reason}): ${words}`;
  return slurmError("node-invalid", message, { isAwaited: true });
}

const BY_HAND = `${CHANGED}, or slurmctld's log tells what else it is. Set the counts back, run ${RELOAD}, and undrain it`;

const wordsOf = {
  changed: `${CHANGED}. vgpud has set the counts back: run ${RELOAD}, and vgpud ends the drain within 15 s`,
  "changed-from-unknown":
    `${CHANGED}. vgpud has begun since, and has no record of what all counts were before: when these jobs have ended ` +
    `run ${RELOAD}, and vgpud ends the drain within 15 s`,
  "too-few":
    "its slurmd has less than Slurm was told to count. Give it as much in slurm.conf and gres.conf, then run scontrol reconfigure and " +
    "undrain it",
  "not-told":
    "that is why it was drained before, and slurmctld's log tells what it did not take since. Where a count was changed while jobs had some " +
    `of it, run ${RELOAD} when these have ended, and vgpud ends the drain within 15 s`,
} as const satisfies Readonly<Record<Fault, string>>;
