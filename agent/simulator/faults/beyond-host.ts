// Pure: what faults name that the simulated host does not have.
import type { Entries } from "../entries.ts";
import type { HostDescription } from "../host-description.ts";
import type { Problem } from "../problem.ts";
import type { Fault } from "./fault.ts";

export type PlacedProblem = Omit<Problem, "field"> & { readonly path: readonly PropertyKey[] };

/** GPUs that the host does not have, and files that its tree does not have now. */
export function faultsBeyond(
  host: HostDescription,
  tree: Entries,
  faults: readonly Fault[],
): readonly PlacedProblem[] {
  const noFiles = faults.flatMap(({ kind, target = "" }, index): readonly PlacedProblem[] => {
    if (kind !== "FILE_FAILS" || tree.get(target)?.kind === "file") return [];
    const message = `the simulated host has no file ${target}; name it without links and without a leading /`;
    return [{ reason: "FIELD_INVALID", path: ["faults", index, "target"], message }];
  });
  return [...unknownGpus(host, faults), ...noFiles];
}

function unknownGpus(host: HostDescription, faults: readonly Fault[]): readonly PlacedProblem[] {
  const known = new Set(host.gpus.map(({ address }) => address));
  return faults.flatMap(({ gpu }, index): readonly PlacedProblem[] => {
    if (gpu === undefined || known.has(gpu)) return [];
    const message = `the simulated host has no GPU ${gpu}`;
    return [{ reason: "GPU_NOT_FOUND", path: ["faults", index, "gpu"], message }];
  });
}
