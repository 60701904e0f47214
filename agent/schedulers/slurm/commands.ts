// How Slurm is asked and told: by its programs, which is the only way that it documents for all of its releases.
import { SchedulerError } from "../scheduler.ts";

export type SlurmProgram = "scontrol" | "squeue" | "slurmd";

/** What is the matter when Slurm cannot be told or asked, for metrics. */
export type SlurmFailure =
  /** The program cannot be started. */
  | "program"
  /** The slurm.conf that the configuration names cannot be read. */
  | "conf"
  /** It did not end in time. */
  | "timeout"
  /** No controller of the cluster can be reached. */
  | "unreachable"
  /** Slurm lets others do that. */
  | "not-allowed"
  /** It ended with a failure. */
  | "exit-code"
  /** It said something else than was asked. */
  | "answer"
  /** What slurm.conf and gres.conf give the node does not serve. */
  | "node-gres"
  /** Slurm takes no jobs on the node, since what it counts is not what Slurm was told, or not what it counted before. */
  | "node-invalid"
  /** Slurm knows no node of that name. */
  | "no-node"
  /** The cluster is called otherwise than the configuration says, so that no claim is named after a job of it. */
  | "other-cluster"
  /** It gives jobs no GRES, by its own files. */
  | "no-gres"
  /** How the node is called is not known yet. */
  | "no-host";

export function slurmError(
  kind: SlurmFailure,
  message: string,
  options?: ConstructorParameters<typeof SchedulerError>[2],
): SchedulerError {
  return new SchedulerError(kind, message, options);
}

/** What a program said until it ended. */
export interface Said {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SlurmCommands {
  /** Resolves when it has ended, however that was. Throws `program`, `conf`, `timeout` or `answer`. */
  run(program: SlurmProgram, words: readonly string[], signal: AbortSignal): Promise<Said>;
}
