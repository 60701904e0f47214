// By what Placement is to know this machine's root from those of others.
import type { SchedulerConfig } from "../config/scheduler-keys.ts";
import type { Log } from "../host/journal.ts";
import type { MachineId } from "../host/machine-id.ts";
import { markOf } from "../schedulers/placement/mark.ts";

/** Undefined where nothing tells this machine from others: told where vgpud makes the root, as one of Nova's gets no mark at all. */
export function machineMark(
  { root, machine }: Pick<SchedulerConfig["placement"], "root" | "machine">,
  machineId: MachineId,
  log: Pick<Log, "warn">,
): string | undefined {
  if (machine !== undefined) return markOf(machine);
  if ("id" in machineId) return markOf(machineId.id);
  if (root === "own")
    log.warn(
      { why: machineId.why },
      "the host's root resource provider gets no mark of this machine, so that another host of its name may write over it: run " +
        "systemd-machine-id-setup and start vgpud again, or set scheduler.placement.machine",
    );
  return undefined;
}
