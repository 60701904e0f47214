// A node that slurmctld takes for unfit for jobs: why, and what brings it back. Pure.
import type { SchedulerError } from "../scheduler.ts";
import { slurmError } from "./commands.ts";
import { isEndedHere } from "./drains.ts";
import type { Fault } from "./found-counts.ts";
import type { NodeTold } from "./told.ts";

const RELOAD = "systemctl reload slurmd on the node";
const CHANGED = "a count was changed while jobs had some of it, and those go on";

interface Unfit {
  readonly node: string;
  readonly told: Pick<NodeTold, "reason" | "fault">;
  readonly fault: Fault;
  /** Why jobs are not to come once it is fit; undefined where they are. */
  readonly why: string | undefined;
}

/** `publish`: whether the counts are vgpud's. */
export function unfitError(unfit: Unfit, { publish }: { readonly publish: boolean }): SchedulerError {
  const { node, told, fault } = unfit;
  const words = publish || fault === "too-few" ? wordsOf[fault](endOfDrain(unfit)) : BY_HAND;
  const message = `Slurm takes no jobs on node ${node} (${told.reason}): ${words}`;
  return slurmError("node-invalid", message, { isAwaited: publish && isEndedHere(told) });
}

/** Of what the node was drained with before slurmctld keeps the reason, and vgpud ends no drain of somebody else's. */
function endOfDrain({ node, told, why }: Unfit): string {
  if (!isEndedHere(told))
    return `once that reason holds no more end the drain yourself: scontrol update nodename=${node} state=undrain`;
  return why === undefined
    ? "vgpud ends the drain within a minute"
    : "vgpud ends the drain once jobs may come";
}

const BY_HAND = `${CHANGED}, or slurmctld's log tells what else it is. Set the counts back, run ${RELOAD}, and undrain it`;

/** `end`: how the drain ends then. */
const wordsOf = {
  changed: (end) => `${CHANGED}. vgpud has set the counts back: run ${RELOAD}, and ${end}`,
  "changed-from-unknown": (end) =>
    `${CHANGED}. vgpud has begun since, and has no record of what all counts were before: when these jobs have ended ` +
    `run ${RELOAD}, and ${end}`,
  "beyond-files": (end) =>
    `${CHANGED}. Slurm counted more of it then than slurm.conf and gres.conf give the node now, so that vgpud cannot set it back: put ` +
    `the files back and run scontrol reconfigure, or run ${RELOAD} when these jobs have ended, and ${end}`,
  "too-few": () =>
    "its slurmd has less than Slurm was told to count. Give it as much in slurm.conf and gres.conf, then run scontrol reconfigure and " +
    "undrain it",
  "not-told": (end) =>
    "that is why it was drained before, and slurmctld's log tells what it did not take since. Where a count was changed while jobs had some " +
    `of it, run ${RELOAD} when these have ended, and ${end}`,
  recorded: (end) =>
    "that is why it was drained before, and slurmctld's log tells what it did not take since. Where a count was changed while jobs had some " +
    `of it vgpud, which has begun since, has set the counts to those of its record: run ${RELOAD}, and once more when these jobs have ` +
    `ended where that does not help, and ${end}`,
} as const satisfies Readonly<Record<Fault, (end: string) => string>>;
