// What `available_instances` says about a plan. It counts how many of one type the kernel would make as things stand, if nothing
// else were made; what it will be once other types were made, it does not say. This much follows: a slice takes at least as much of
// everything as any smaller one, so of a type and all larger ones together no more can be made than that count. It holds in
// whatever order they are made, and it is all that holds: where the kernel counts less than our arithmetic (because the host's
// own windows take room, say), a plan within these bounds is likely and not certain. A type of which our arithmetic has no
// more than the kernel counts is not bounded by it: the sums see to that. Pure.
import { room } from "../budget.ts";
import { holds } from "../wish.ts";
import type { SliceSizes } from "../../inventory/model.ts";
import type { Site } from "./site.ts";

/** So many of a type and all larger ones together, by the kernel. */
export interface KernelBound {
  readonly type: string;
  readonly sizes: SliceSizes;
  readonly atMost: number;
}

/** The bounds that say more than our arithmetic does. What is promised and not made yet will lower the kernel's count, too. */
export function kernelBounds({ budget, types, pending }: Site): KernelBound[] {
  if (!budget) return [];
  return types.flatMap(({ name, sizes, kernelAvailable }) => {
    if (!sizes || kernelAvailable === undefined) return [];
    const atMost = Math.max(0, kernelAvailable - pending.filter((one) => holds(one, sizes)).length);
    return atMost < room(budget, sizes) ? [{ type: name, sizes, atMost }] : [];
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

/** For a warning; undefined when the kernel's count allows all that ours does. */
export function boundsText({ gpu }: Site, bounds: readonly KernelBound[]): string | undefined {
  if (bounds.length === 0) return undefined;
  const counts = bounds.map(({ type, atMost }) => `${atMost} of ${type}`).join(", ");
  return `the kernel counts less on GPU ${gpu.address} than its budget has room for (${counts}): what it still makes after others were made is not known, and may be less than is planned`;
}
