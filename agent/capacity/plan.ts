// What would fit: which of some requests together, on which GPUs, made in which order, and what each GPU lacks for the rest.
//
// As many vGPUs are planned as can be, whoever asked for them; of equal ones those that were asked for first. As long as all
// fit, or nothing better exists, each goes where its policy prefers it, the largest first; otherwise GPUs are chosen so that
// more fit. Pure.
import type { PciAddress } from "../core/ids.ts";
import type { Reason } from "../core/reasons.ts";
import type { SliceSizes } from "../inventory/share.ts";
import { fill, largestFirst, madeInOrder, nothingFilled, type Filled, type Unit } from "./plan/fill.ts";
import { boundsText } from "./kernel-count.ts";
import { packed, type Packing } from "./plan/packing.ts";
import { mostPacked } from "./plan/search.ts";
import { nearestOf, shortfalls, type Shortfall } from "./plan/shortfall.ts";
import { sitesOf, type PlanStock, type Supposition } from "./plan/suppose.ts";
import { itemsOf, kindsOf, type Item, type Kinds, type PlanRequest } from "./plan/units.ts";
import { IN_PIECES } from "./fragmentation.ts";
import { farText } from "./policies.ts";
import { isPooled, type Site } from "./site.ts";
import { ignoredSizes } from "./wish.ts";

export interface Plan {
  /** What would fit, in the order it has to be made in. */
  readonly planned: readonly PlannedVgpu[];
  readonly unplanned: readonly UnplannedItem[];
  /** Whether it is proved that no more would fit together. */
  readonly exact: boolean;
  /** What was asked and would be given otherwise, or is not known for certain, in words. */
  readonly warnings: readonly string[];
}

interface PlannedVgpu {
  /** Index of the request. */
  readonly item: number;
  readonly gpu: PciAddress;
  readonly type: string;
  /** Undefined in the modes whose types have none. */
  readonly sizes: SliceSizes | undefined;
}

interface UnplannedItem {
  readonly item: number;
  /** How many of it would not fit. */
  readonly count: number;
  /** Of the GPU that came nearest. */
  readonly reason: Reason;
  readonly shortfalls: readonly Shortfall[];
}

/** What of the requests would fit on the host as it is supposed, and what stands in the way of the rest. */
export function planOf(requests: readonly PlanRequest[], stock: PlanStock, what: Supposition): Plan {
  const sites = sitesOf(stock, what);
  const items = itemsOf(requests, sites);
  const { filled, exact } = arrange(items, sites);
  const planned = filled.placed.flatMap((unit) => plannedAt(unit, sites));
  return {
    planned,
    unplanned: unplannedOf(items, filled),
    exact,
    warnings: [...new Set([...warningsOf(items, filled), ...inPieces(planned, sites)])],
  };
}

/** In the order in which they have to be made. */
function arrange(
  items: readonly Item[],
  sites: readonly Site[],
): { readonly filled: Filled; readonly exact: boolean } {
  const largeToSmall = largestFirst(items);
  const wanted = items.reduce((sum, { count }) => sum + count, 0);
  const byPolicy = made(fill(nothingFilled(sites), largeToSmall).placed, sites);
  if (byPolicy.placed.length === wanted) return { filled: byPolicy, exact: true };
  // Large ones keep many small ones out: the other way round may be better already.
  const smallFirst = made(fill(nothingFilled(sites), largeToSmall.toReversed()).placed, sites);
  const known = smallFirst.placed.length > byPolicy.placed.length ? smallFirst : byPolicy;
  const kinds = kindsOf(items, sites);
  const { packing, exact } = mostPacked(kinds.problem, packingOf(known, kinds));
  const searched = made(placedBy(packing, kinds), sites);
  const best = searched.placed.length > known.placed.length ? searched : known;
  if (exact && best.placed.length === packed(packing)) return { filled: best, exact };
  return { filled: fill(best, largeToSmall), exact: false };
}

function packingOf({ placed, sites }: Filled, { items }: Kinds): Packing {
  return sites.map((_, at) =>
    items.map((kind) => placed.filter((unit) => unit.at === at && kind.includes(unit.item)).length),
  );
}

/** Which items of a kind are served is decided by who asked first. */
function placedBy(packing: Packing, { items }: Kinds): Unit[] {
  const waiting = items.map((kind) => kind.flatMap((item) => Array<Item>(item.count).fill(item)));
  return packing.flatMap((counts, at) =>
    counts.flatMap((count, kind) => (waiting[kind]?.splice(0, count) ?? []).map((item) => ({ item, at }))),
  );
}

/**
 * As they are made one after the other. All find their room but for virtual functions that differ in two amounts: of those each
 * takes the least that will do, which may have been meant for another.
 */
function made(units: readonly Unit[], sites: readonly Site[]): Filled {
  return madeInOrder(inOrder(units), sites);
}

/** The largest first: a large range is found as long as little lies in the way, a small one longer. */
function inOrder(units: readonly Unit[]): Unit[] {
  const sizes = new Map(units.map((unit) => [unit, demandOf(unit)]));
  return [...units].sort((a, b) => {
    const [ofA = [], ofB = []] = [sizes.get(a), sizes.get(b)];
    const differing = ofA.findIndex((amount, at) => amount !== ofB[at]);
    const larger = differing === -1 ? 0 : (ofB[differing] ?? 0) - (ofA[differing] ?? 0);
    return larger || a.item.index - b.item.index || a.at - b.at;
  });
}

/** What it takes, the amount that is compared first before the others. */
function demandOf({ item, at }: Unit): readonly number[] {
  const portion = item.portions[at];
  if (portion?.mode === "gvt-g") return [portion.sizes.lowGmMib, portion.sizes.highGmMib, 0, 0];
  return [0, 0, portion?.least.vramMib ?? 0, portion?.least.ggttMib ?? 0];
}

function plannedAt({ item, at }: Unit, sites: readonly Site[]): PlannedVgpu[] {
  const [portion, site] = [item.portions[at], sites[at]];
  if (!portion || !site) return [];
  const sizes = portion.mode === "gvt-g" ? portion.sizes : undefined;
  return [{ item: item.index, gpu: site.gpu.address, type: portion.type, sizes }];
}

function unplannedOf(items: readonly Item[], { placed, sites }: Filled): UnplannedItem[] {
  const known = new Map<string, readonly Shortfall[]>();
  return items.flatMap(({ index, wish, ...item }) => {
    const count = item.count - placed.filter((unit) => unit.item.index === index).length;
    if (count === 0) return [];
    // Items that ask the same lack the same.
    const key = `${wish.gpu ?? ""} ${JSON.stringify(wish.size)}`;
    const lacks = known.get(key) ?? shortfalls(wish, sites);
    known.set(key, lacks);
    const reason = nearestOf(lacks)?.reason ?? (wish.gpu ? "GPU_NOT_FOUND" : "MODE_UNSUPPORTED");
    return [{ item: index, count, reason, shortfalls: lacks }];
  });
}

function warningsOf(items: readonly Item[], { placed, sites }: Filled): string[] {
  const rounded = items.flatMap(({ wish, portions }) => {
    const portion = portions.find((one) => one !== undefined);
    return portion?.mode === "gvt-g" ? ignoredSizes(wish, { ...portion, name: portion.type }) : [];
  });
  const far = placed.flatMap(({ item, at }) => {
    const site = sites[at];
    return (site && farText(site.gpu, item.wish)) ?? [];
  });
  const counts = sites.flatMap((site) =>
    !isPooled(site) && site.planned.length > 0 ? (boundsText(site.gpu.address, site.bounds) ?? []) : [],
  );
  const doubts = placed.flatMap(({ item, at }) => {
    const doubt = item.portions[at]?.doubt;
    return doubt === undefined ? [] : [`${sites[at]?.gpu.address ?? ""} ${doubt}`];
  });
  return [...rounded, ...far, ...counts, ...doubts];
}

/** GPUs on which some of what is planned may find no piece once the rest is made. */
function inPieces(planned: readonly PlannedVgpu[], sites: readonly Site[]): string[] {
  return sites.flatMap((site) => {
    if (isPooled(site)) return [];
    const { gpu, findingPieces } = site;
    const here = planned.filter((vgpu) => vgpu.gpu === gpu.address).flatMap(({ sizes }) => sizes ?? []);
    return findingPieces(here) < here.length ? [`${gpu.address} ${IN_PIECES}`] : [];
  });
}
