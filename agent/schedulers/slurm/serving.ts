// Whether Slurm is set up so that vgpud can find what a job has: every job's claim fails alike where it is not. Pure.
import type { SchedulerError } from "../scheduler.ts";
import { slurmError } from "./commands.ts";
import type { ConfigTold } from "./told.ts";

/** The one that gives jobs whole nodes, and counts no GRES for them (slurm.conf(5)); the default of 22.05. */
const WITHOUT_GRES = "select/linear";
const GIVES_NONE = `Slurm's SelectType is ${WITHOUT_GRES}, by which jobs are given no GRES`;
const TO_GIVE_SOME =
  "set SelectType=select/cons_tres in slurm.conf and restart slurmctld and each slurmd, by which it forgets its jobs";

/** Jobs claim in the name of their cluster, which `$SLURM_CLUSTER_NAME` tells them. Undefined where it is called so. */
export function calledOtherwise({ cluster }: ConfigTold, expected: string): SchedulerError | undefined {
  if (cluster === undefined) return slurmError("answer", "scontrol show config told no ClusterName");
  if (cluster === expected) return undefined;
  const what = `Slurm's ClusterName is ${cluster}, and scheduler.slurm.cluster ${expected}, so that no job's claim is found`;
  return slurmError("other-cluster", `${what}: set scheduler.slurm.cluster to ${cluster}`);
}

/** Undefined where it may give jobs some. */
export function givingNone({ selectType }: ConfigTold): SchedulerError | undefined {
  return selectType === WITHOUT_GRES
    ? slurmError("no-gres", `${GIVES_NONE}, so that no job's claim is found: ${TO_GIVE_SOME}`, {
        retry: "at-change",
      })
    : undefined;
}

/** What to do for a job that has none. */
export function toHaveSome({ selectType }: ConfigTold): string {
  return selectType === WITHOUT_GRES
    ? `${GIVES_NONE}, whatever they ask for: ${TO_GIVE_SOME}`
    : SUBMIT_WITH_SOME;
}

export const SUBMIT_WITH_SOME = "submit it with --gres";
