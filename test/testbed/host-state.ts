// What is on the bed's host, past the agent: slices, domains and QEMU processes, and the records of the agent's ledger.
import { claims } from "./agent-in-bed.ts";
import type { Bed } from "./bed.ts";

export interface LeftOvers {
  readonly slices: readonly string[];
  /** Defined or running, by name. */
  readonly domains: readonly string[];
  /** Names of the guests of QEMU processes. */
  readonly processes: readonly string[];
}

export const nothing: LeftOvers = { slices: [], domains: [], processes: [] };

export async function leftOvers(bed: Bed): Promise<LeftOvers> {
  const [slices, domains, processes] = await Promise.all([
    bed.check("ls /sys/bus/mdev/devices"),
    bed.check("virsh -q list --all --name"),
    bed.check("pgrep -af '^/usr/bin/qemu-system-x86_64 -name guest=' | sed 's/.*guest=\\([^,]*\\),.*/\\1/'"),
  ]);
  return { slices: linesOf(slices), domains: linesOf(domains), processes: linesOf(processes) };
}

/** The line of the QEMU's open files that is the slice's VFIO group; throws when the running domain does not hold it. */
export async function vfioGroupHeld(bed: Bed, domain: string, slice: string): Promise<string> {
  const group = await bed.check(`basename $(readlink /sys/bus/mdev/devices/${slice}/iommu_group)`);
  const pid = await bed.check(`cat /run/libvirt/qemu/${domain}.pid`);
  return bed.check(`ls -l /proc/${pid}/fd | grep -- '-> /dev/vfio/${group}$'`);
}

/** The states of all claims on disk, sorted. */
export async function ledgerStates(bed: Bed): Promise<readonly string[]> {
  return linesOf(
    await bed.check(`cat ${claims}/*.json 2>/dev/null | sed -n 's/^  "state": "\\(.*\\)",$/\\1/p'`),
  );
}

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}
