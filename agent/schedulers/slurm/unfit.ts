// A node that slurmctld takes for unfit for jobs: why, and what brings it back. Pure.
import type { SchedulerError } from "../scheduler.ts";
import { slurmError } from "./commands.ts";
import { isEndedHere } from "./drains.ts";
import type { Fault } from "./found-counts.ts";
import type { Goal } from "./goal.ts";
import type { NodeTold } from "./told.ts";

const RELOAD = "systemctl reload slurmd on the node";
const CHANGED = "a count was changed while jobs had some of it, and those go on";

interface Unfit {
  readonly node: string;
  readonly told: Pick<NodeTold, "reason" | "fault">;
  readonly fault: Fault;
  /** What it is to be once it is fit. */
  readonly goal: Pick<Goal, "why" | "isPassing">;
}

/** `publish`: whether the counts are vgpud's. */
export function unfitError(unfit: Unfit, { publish }: { readonly publish: boolean }): SchedulerError {
  const { node, told, fault } = unfit;
  const words = publish || fault === "too-few" ? wordsOf[fault](endOfDrain(unfit)) : BY_HAND;
  const message = `Slurm takes no jobs on node ${node} (${told.reason}): ${words}`;
  return slurmError("node-invalid", message, { retry: publish ? retryOf(unfit) : "at-change" });
}

/** Who has reloaded slurmd waits for the end of the drain; where jobs may not come by then, for what changes that. */
function retryOf({ told, goal: { why, isPassing } }: Unfit): SchedulerError["retry"] {
  return isEndedHere(told) && (why === undefined || isPassing) ? "soon" : "at-change";
}

/** Of what the node was drained with before slurmctld keeps the reason, and vgpud ends no drain of somebody else's. */
function endOfDrain({ node, told, goal: { why } }: Unfit): string {
  if (!isEndedHere(told))
    return `when its reason is over end the drain: scontrol update nodename=${node} state=undrain`;
  return why === undefined
    ? "vgpud ends the drain within a minute"
    : "vgpud ends the drain once jobs may come";
}

const BEFORE = "That is why it was drained before, and slurmctld's log tells what it did not take since";
const BY_HAND = `${CHANGED}, or slurmctld's log tells what else it is. Set the counts back, run ${RELOAD}, and undrain it`;

/** `end`: how the drain ends then. A condition shows 300 characters, slurmctld's reason included: what is to be done has to be among them. */
const wordsOf = {
  changed: (end) => `${CHANGED}. vgpud has set the counts back: run ${RELOAD}, and ${end}`,
  "changed-from-unknown": (end) =>
    `vgpud does not know what it was before: when these jobs have ended run ${RELOAD}, and ${end}`,
  "beyond-files": (end) =>
    `its files give it less than before: put them back and run scontrol reconfigure, or reload slurmd when these jobs have ended, and ${end}`,
  "too-few": () =>
    "its slurmd has less than Slurm was told to count. Give it as much in slurm.conf and gres.conf, then run scontrol reconfigure and " +
    "undrain it",
  "not-told": (end) =>
    `where a count was changed while jobs had some of it, run ${RELOAD} when these have ended, and ${end}. ${BEFORE}`,
  recorded: (end) =>
    `vgpud has set the counts to those of its record: run ${RELOAD}, once more when its jobs have ended if need be, and ${end}. ${BEFORE}`,
} as const satisfies Readonly<Record<Fault, (end: string) => string>>;
