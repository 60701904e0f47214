// What scontrol, squeue and slurmd print, read. Not their JSON: Debian 12's scontrol has none, and each release has another. Pure.
import { countsIn, gresIn } from "./gres.ts";
import { isNamedBy } from "./host-list.ts";
import type { JobId } from "./names.ts";

/** What Slurm has of this node. */
export interface NodeTold {
  /** Of each GRES: its name, how many jobs may have, and the words that `scontrol update` takes for them. */
  readonly gres: ReturnType<typeof gresIn>;
  /** Names of those that jobs have some of, as slurmctld counts it. */
  readonly used: ReadonlySet<string>;
  readonly drained: boolean;
  /** Down or failed, drained or not: no job comes until its slurmd is back, or somebody says that it is well. */
  readonly away: boolean;
  /** Since slurmctld would not have the counts that it found when the node registered: nobody can undrain it then. */
  readonly invalid: boolean;
  /** Why it is drained or down, without who said so and when; empty when nobody did. */
  readonly reason: string;
  /** What slurmctld would not have, where that is the reason. A node that was drained before keeps the former one, which tells nothing of it. */
  readonly fault: FaultTold | undefined;
}

export type FaultTold =
  /** A count is another one than when the node registered before, while jobs have some of it. `gres`: the first such. `before`: how many it was. */
  | { readonly kind: "changed"; readonly gres: string; readonly before: number }
  /** Its slurmd has less of one than Slurm was told. */
  | { readonly kind: "too-few" };

/** gres.c, `_node_config_validate`. */
const CHANGED = /^gres\/(\w+) count changed and jobs are using them \((\d+) != \d+\)$/;
const TOO_FEW = /^gres\/\w+ count reported lower than configured/;

/** As slurmctld names the states of which it gives no job to the node (slurm_protocol_defs.c, `node_state_base_string`, and the flag FAIL). */
const AWAY = /^(DOWN|ERROR|FUTURE|UNKNOWN|FAIL)/;

/** Of `scontrol show node -d NODE`; undefined when it is not that. */
export function nodeTold(text: string): NodeTold | undefined {
  const gres = valueOf(text, /^ +Gres=(.*)$/m);
  const state = valueOf(text, /^ +State=(\S+)/m)?.split("+");
  if (gres === undefined || !state) return undefined;
  const reason = valueOf(text, /^ +Reason=(.*?)( \[[^\]]*\])?$/m) ?? "";
  return {
    gres: gresIn(gres),
    used: new Set(
      gresIn(valueOf(text, /^ +GresUsed=(.*)$/m) ?? "").flatMap(({ name, count }) =>
        count > 0 ? [name] : [],
      ),
    ),
    drained: state.some((word) => word.startsWith("DRAIN")),
    away: state.some((word) => AWAY.test(word)),
    invalid: state.some((word) => word.startsWith("INVALID")),
    ...{ reason, fault: faultIn(reason) },
  };
}

function faultIn(reason: string): FaultTold | undefined {
  const [, gres, before] = CHANGED.exec(reason) ?? [];
  if (gres !== undefined) return { kind: "changed", gres, before: Number(before) };
  return TOO_FEW.test(reason) ? { kind: "too-few" } : undefined;
}

export interface JobTold {
  /** In Slurm's words. */
  readonly state: string;
  /** As Slurm writes the time, or `N/A`: a job that was queued again begins anew, with its old number. */
  readonly start: string;
}

/** How the cluster is called, and how it gives jobs what nodes have. */
export interface ConfigTold {
  readonly cluster: string | undefined;
  readonly selectType: string | undefined;
}

/** Of `scontrol show config`. */
export function configTold(text: string): ConfigTold {
  return {
    cluster: valueOf(text, /^ClusterName +=(.*)$/m),
    selectType: valueOf(text, /^SelectType +=(.*)$/m),
  };
}

/** Of `squeue --format=%A|%T|%S`. Nothing of it can be chosen by who submits the job. */
export function jobsTold(text: string): ReadonlyMap<JobId, JobTold> {
  const lines = text.matchAll(/^(\d+)\|([A-Z_]+)\|(\S+)$/gm);
  return new Map([...lines].map(([, job = "", state = "", start = ""]) => [job, { state, start }]));
}

/**
 * Of `scontrol show job -d JOB`: how many of each GRES the job has on the node. A job's name may have line breaks, and so lines
 * that look like Slurm's own: undefined where these stand there more than once, so that nobody can tell which are Slurm's. The number
 * of an array's or of a heterogeneous job's first is answered with all of its jobs.
 */
export function gresOfJob(
  text: string,
  { job, node }: { readonly job: JobId; readonly node: string },
): ReadonlyMap<string, number> | undefined {
  const [record, ...others] = text.split(/^(?=JobId=)/m).filter((each) => each.startsWith(`JobId=${job} `));
  if (record === undefined || others.length > 0) return undefined;
  // Between these lines nothing stands that somebody can choose.
  const [, behind, ...more] = record.split(/^ {3}NumNodes=/m);
  const [details, after, ...again] = (behind ?? "").split(/^ {3}MinCPUsNode=/m);
  if (details === undefined || after === undefined || more.length > 0 || again.length > 0) return undefined;
  const lines = details.matchAll(/^ {5}Nodes=(\S+) CPU_IDs=\S* Mem=\S* GRES=(.*)$/gm);
  return countsIn(
    [...lines].flatMap(([, on = "", gres = ""]) => (isNamedBy(on, node) ? [gres] : [])).join(","),
  );
}

/** Of `slurmd -G`: what slurm.conf and gres.conf both give the node, by name; of those with a type which they are. */
export function gresFileTold(text: string): {
  readonly counts: ReadonlyMap<string, number>;
  readonly typed: ReadonlySet<string>;
} {
  const counts = new Map<string, number>();
  const typed = new Set<string>();
  for (const [, name = "", type, count] of text.matchAll(/Gres Name=(\S+) Type=(\S+) Count=(\d+)/g)) {
    counts.set(name, (counts.get(name) ?? 0) + Number(count));
    if (type !== "(null)") typed.add(name);
  }
  return { counts, typed };
}

function valueOf(text: string, pattern: RegExp): string | undefined {
  return pattern.exec(text)?.[1]?.trim();
}
