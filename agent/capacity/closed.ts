// What a GPU does not make whatever its room, and why: somebody took it out of service, or its kernel does not say what it would
// make.
import type { Reason } from "../core/reasons.ts";
import type { VgpuType } from "../inventory/model.ts";

const closedReasons = [
  "GPU_DRAINED",
  "HOST_DRAINED",
  "VGPU_COUNT_UNREADABLE",
  "GPU_MODE_CHANGING",
] as const satisfies readonly Reason[];
type ClosedReason = (typeof closedReasons)[number];

export interface Closed {
  readonly reason: ClosedReason;
  /** Goes on from the GPU's name, but for a host's drain. */
  readonly why: string;
}

/** Nothing new is placed where the kernel does not count: as a rule its driver hangs, and a create would hang as well. */
export function uncounted({
  name,
  kernelAvailable,
  uncounted: isNeverCounted,
}: Pick<VgpuType, "name" | "kernelAvailable" | "uncounted">): Closed | undefined {
  if (kernelAvailable !== undefined || isNeverCounted) return undefined;
  const why = `has a count of ${name} that cannot be read; vgpuctl doctor says why`;
  return { reason: "VGPU_COUNT_UNREADABLE", why };
}

/** Whether a GPU lost for something else than its room. */
export function isClosed(reason: Reason | undefined): boolean {
  return closedReasons.some((closed) => closed === reason);
}
