// The mdevs and Xen guests of HOST.yaml: made by somebody else before vgpud came, some of the mdevs held.
import type { PlacedProblem } from "./faults/beyond-host.ts";
import type { HostDescription } from "./host-description.ts";
import type { SimulatedKernel } from "./kernel.ts";

/** Holders made by HOST.yaml get pids from here. */
const FIRST_HOLDER_PID = 4_300_000;

/** Makes what can be made; the problems are those that the kernel refuses. */
export function makeMdevs(kernel: SimulatedKernel, host: HostDescription): readonly PlacedProblem[] {
  return host.mdevs.flatMap(({ gpu, type, uuid, held_by: command }, index): readonly PlacedProblem[] => {
    const problem = (key: string, message: string): readonly PlacedProblem[] => [
      { reason: "FIELD_INVALID", path: ["mdevs", index, key], message },
    ];
    if (!kernel.gpus.has(gpu)) return problem("gpu", `the host has no GPU ${gpu}`);
    const errno = kernel.create(gpu, type, uuid);
    if (errno !== undefined) return problem("type", `the kernel refuses to make it: ${errno}`);
    if (command === undefined) return [];
    const held = kernel.open(uuid, { pid: FIRST_HOLDER_PID + index, command });
    return held === undefined ? [] : problem("held_by", `the kernel refuses to open it: ${held}`);
  });
}

/** The same for guests of Xen. */
export function makeXlGuests(kernel: SimulatedKernel, host: HostDescription): readonly PlacedProblem[] {
  return host.xl_guests.flatMap((guest, index): readonly PlacedProblem[] => {
    const refusal = kernel.xen.create(guest);
    if (refusal === undefined) return [];
    const message =
      refusal.what === "name" ? "another guest has the name" : `XenGT refuses its slice: ${refusal.errno}`;
    return [{ reason: "FIELD_INVALID", path: ["xl_guests", index, refusal.what], message }];
  });
}
