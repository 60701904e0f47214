// vgpud in front of a Slurm in miniature.
import type { Clock } from "../../../../agent/core/clock.ts";
import type { OnCarriedOut } from "../../../../agent/schedulers/carried-out.ts";
import { untilAborted } from "../../../../agent/core/until-aborted.ts";
import type { CountsRecord, KnownCounts } from "../../../../agent/schedulers/slurm/found-counts.ts";
import type { SlurmCommands } from "../../../../agent/schedulers/slurm/commands.ts";
import { SlurmScheduler } from "../../../../agent/schedulers/slurm/slurm-scheduler.ts";

/** The host's name in Slurm. */
export const NODE = "node1";

interface SchedulerOptions {
  /** False: what Slurm counts is the administrator's. */
  readonly publish?: boolean;
  /** In milliseconds. */
  readonly now?: () => number;
  readonly sleep?: Clock["sleep"];
  readonly onCarriedOut?: OnCarriedOut;
  /** What a vgpud before has written down. */
  readonly counts?: CountsRecord;
  /** How the host is called there now. */
  readonly node?: () => string;
}

/** A vgpud that begins now: it knows nothing of what Slurm was told before. */
export const schedulerOf = (
  slurm: SlurmCommands,
  { publish = true, now = () => 1000, sleep = untilStopped, ...rest }: SchedulerOptions = {},
): SlurmScheduler =>
  new SlurmScheduler({
    ...{ commands: slurm, cluster: "c", node: () => NODE, publish, clock: { now, sleep } },
    ...rest,
  });

/** For who waits for no time to pass. */
const untilStopped: Clock["sleep"] = (_ms, signal) => untilAborted(new Promise(() => undefined), signal);

/** What outlives a vgpud, where nothing stands in the way of its disk. */
export function memoryRecord(known?: KnownCounts): CountsRecord {
  let current = known;
  return {
    get current() {
      return current;
    },
    note: (now) => {
      current = now;
    },
    settle: () => Promise.resolve(undefined),
  };
}
