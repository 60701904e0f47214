// Whether a GPU has room for a slice (mode gvt-g): by the sums of all its types, by the kernel's counts, and in one piece. Pure.
import type { Reason } from "../core/reasons.ts";
import type { Gpu, VgpuType } from "../inventory/model.ts";
import type { SliceSizes } from "../inventory/share.ts";
import { budgetOf, freeText, fullness, lacking, withOne, type Budget, type Holding } from "./budget.ts";
import { uncounted, type Closed } from "./closed.ts";
import { findingPieces, fragmentationOf, IN_PIECES } from "./fragmentation.ts";
import { loses, type Judged } from "./judged.ts";
import { boundReached, kernelBounds, pendingOf, type KernelBound } from "./kernel-count.ts";
import type { Stock } from "./stock.ts";
import { isParked } from "./whole-gpus.ts";
import { scoreOf } from "./policies.ts";
import { meantType, preferenceOf, sizesText, type Wish } from "./wish.ts";

/** A GPU in mode gvt-g, or in no mode that one could see. */
export interface SlicedSite {
  readonly mode: "gvt-g" | undefined;
  readonly gpu: Gpu;
  /** Whether the host is Xen's. */
  readonly xen: boolean;
  /** Whether it was given back and waits for the next boot. */
  readonly parked: boolean;
  /** Undefined for a GPU that offers no vGPUs. */
  readonly budget: Budget | undefined;
  readonly types: readonly SiteType[];
  /** Where the kernel counts less than the budget has room for. */
  readonly bounds: readonly KernelBound[];
  /** What a plan has put there already; the budget is without it. */
  readonly planned: readonly SliceSizes[];
  /** Whether the room for even one of these is perhaps in no one piece. */
  readonly isDoubtful: (sizes: SliceSizes) => boolean;
  /** How many of these, made in this order, find a piece of memory each, as far as is known. */
  readonly findingPieces: (next: readonly SliceSizes[]) => number;
}

interface SiteType extends Pick<VgpuType, "name" | "sizes"> {
  /** Why none is made here whatever the room. */
  readonly closed: Closed | undefined;
}

/** What a GPU is taken for. */
export interface SlicedAs {
  /** What takes room on it. */
  readonly holdings: readonly Holding[];
  /** Whether the GPU is taken as it is: otherwise what the kernel counts, and where its slices lie, means nothing. */
  readonly isAsSeen: boolean;
}

export function slicedSite(
  gpu: Gpu,
  mode: SlicedSite["mode"],
  { rule, made, closed: closedOn, xengt, whole }: Pick<Stock, "rule" | "made" | "closed" | "xengt" | "whole">,
  { holdings, isAsSeen }: SlicedAs,
): SlicedSite {
  const endowment = gpu.types.length > 0 ? rule(gpu) : undefined;
  const budget = endowment && budgetOf(endowment, holdings);
  const types = isAsSeen ? gpu.types : gpu.types.map((type) => ({ ...type, kernelAvailable: undefined }));
  const seen = endowment && isAsSeen ? endowment : undefined;
  return {
    ...{ mode, gpu, budget, planned: [], xen: xengt, parked: isParked(whole(gpu)) },
    types: types.map((type) => {
      const closed = closedOn(gpu.address) ?? (isAsSeen ? uncounted(type) : undefined);
      return { name: type.name, sizes: type.sizes, closed };
    }),
    bounds: kernelBounds({ budget, types, pending: pendingOf(holdings, made) }),
    isDoubtful: (sizes) => seen !== undefined && fragmentationOf(gpu, seen, holdings).room(sizes) === 0,
    findingPieces: (next) => (seen ? findingPieces(gpu, { endowment: seen, holdings }, next) : next.length),
  };
}

/** The same GPU once one more is planned there. */
export function withSlice(site: SlicedSite, sizes: SliceSizes): SlicedSite {
  const { budget, planned } = site;
  return { ...site, budget: budget && withOne(budget, sizes), planned: [...planned, sizes] };
}

/** What stands in the way of one more: the sums, or else the kernel's count; undefined when it fits. */
export function obstacle(
  { budget, bounds, planned }: SlicedSite,
  sizes: SliceSizes,
): { readonly short: Reason } | { readonly bound: KernelBound } | undefined {
  const short = budget ? lacking(budget, sizes) : "MODE_UNSUPPORTED";
  if (short !== undefined) return { short };
  const bound = boundReached(bounds, planned, sizes);
  return bound && { bound };
}

export function judgeSlice(wish: Wish, site: SlicedSite): Judged {
  const { gpu, budget, types, planned } = site;
  const { address } = gpu;
  if (!budget) return loses(address, "MODE_UNSUPPORTED", NO_TYPES);
  const type = meantType(wish, types);
  if (!type)
    return loses(address, "TYPE_UNKNOWN", `offers ${types.map(({ name }) => name).join(", ")}`, { budget });
  const known = { type: type.name, budget };
  const { closed, sizes } = type;
  if (closed) return loses(address, closed.reason, closed.why, known);
  const hindered = obstacle(site, sizes);
  if (hindered && "short" in hindered)
    return loses(address, hindered.short, `needs ${sizesText(sizes)}, free are ${freeText(budget)}`, known);
  if (hindered)
    return loses(address, "KERNEL_REPORTS_NO_ROOM", reachedText(hindered.bound, planned.length > 0), known);
  const score = scoreOf({ gpu, fullness: fullness(budget) }, wish);
  const share = { mode: "gvt-g", type: type.name, sizes } as const;
  return {
    fit: { gpu, score, preference: preferenceOf(wish, "gvt-g"), doubt: doubtOf(site, sizes), share },
    candidate: { gpu: address, ...known, lost: undefined, why: "fits", score },
  };
}

export function doubtOf(site: SlicedSite, sizes: SliceSizes): string | undefined {
  return site.isDoubtful(sizes) ? IN_PIECES : undefined;
}

export const NO_TYPES = "offers no vGPU types";

function reachedText({ type, counted }: KernelBound, planned: boolean): string {
  const count = `the kernel's available_instances of ${type} is ${counted}`;
  if (counted === 0) return count;
  return planned
    ? `${count}, and vGPUs that are promised or planned take that`
    : `${count}, and promised vGPUs that are not made yet take that`;
}
