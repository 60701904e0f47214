// What `available_instances` says about what is promised and planned. It counts how many of one type the kernel would make as things
// stand, if nothing else were made; what it will be once other types were made, it does not say. This much follows: a slice
// takes at least as much of each resource as a smaller one, so of a type and all larger ones together no more can be made than
// that count. It holds in whatever order they are made, and it is all that holds: where the kernel counts less than our
// arithmetic (because the host's own windows take room, say), a plan within these bounds is likely and not certain. A type of
// which our arithmetic has no more than the kernel counts is not bounded by it: the sums see to that. Pure.
import type { PciAddress, VgpuId } from "../core/ids.ts";
import type { VgpuType } from "../inventory/model.ts";
import type { SliceSizes } from "../inventory/share.ts";
import { room, type Budget, type Holding } from "./budget.ts";
import { holds } from "./wish.ts";

/** A GPU as the kernel counts it, and what the kernel does not know of. */
interface KernelCounted {
  /** Undefined for a GPU that offers no vGPUs. */
  readonly budget: Budget | undefined;
  readonly types: readonly CountedType[];
  /** What is promised and does not exist yet. */
  readonly pending: readonly SliceSizes[];
}

/** `kernelAvailable` is undefined where the kernel has said nothing. */
type CountedType = Pick<VgpuType, "name" | "sizes"> & { readonly kernelAvailable: number | undefined };

/** So many of a type and all larger ones together, by the kernel. */
export interface KernelBound {
  readonly type: string;
  readonly sizes: SliceSizes;
  /** What the kernel says. */
  readonly counted: number;
  /** That, less what is promised and not made yet. */
  readonly atMost: number;
}

/** Those of some promises that do not exist yet. `made`: vGPUs that exist in the kernel. */
export function pendingOf(holdings: readonly Holding[], made: ReadonlySet<VgpuId>): SliceSizes[] {
  return holdings.filter(({ vgpuId }) => !made.has(vgpuId)).map(({ sizes }) => sizes);
}

/** The bounds that say more than our arithmetic does. What is promised and not made yet will lower the kernel's count, too. */
export function kernelBounds({ budget, types, pending }: KernelCounted): KernelBound[] {
  if (!budget) return [];
  return types.flatMap(({ name, sizes, kernelAvailable }) => {
    if (!sizes || kernelAvailable === undefined) return [];
    const atMost = Math.max(0, kernelAvailable - pending.filter((one) => holds(one, sizes)).length);
    return atMost < room(budget, sizes) ? [{ type: name, sizes, counted: kernelAvailable, atMost }] : [];
  });
}

/** Whether a slice of some sizes counts towards a bound. */
export function countsTowards({ sizes }: KernelBound, made: SliceSizes): boolean {
  return holds(made, sizes);
}

/** The first bound that forbids one more slice of some sizes beside those that are planned. */
export function boundReached(
  bounds: readonly KernelBound[],
  planned: readonly SliceSizes[],
  sizes: SliceSizes,
): KernelBound | undefined {
  return bounds.find((bound) => {
    const made = planned.filter((one) => countsTowards(bound, one)).length;
    return countsTowards(bound, sizes) && made >= bound.atMost;
  });
}

/** How many more of a type a caller may expect right now: what both arithmetics allow (law 2). */
export function allocatable(budget: Budget, sizes: SliceSizes, bounds: readonly KernelBound[]): number {
  const counted = bounds.filter((bound) => countsTowards(bound, sizes)).map(({ atMost }) => atMost);
  return Math.min(room(budget, sizes), ...counted);
}

/** For a warning; undefined when the kernel's count allows all that ours does. */
export function boundsText(gpu: PciAddress, bounds: readonly KernelBound[]): string | undefined {
  if (bounds.length === 0) return undefined;
  const counts = bounds.map(({ type, atMost }) => `${atMost} of ${type}`).join(", ");
  return `the kernel counts less on GPU ${gpu} than its budget has room for (${counts}): what it still makes after others were made is not known, and may be less than is planned`;
}
