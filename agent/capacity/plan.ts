// What would fit: which of some requests together, on which GPUs, made in which order, and what each GPU lacks for the rest.
//
// As many vGPUs are planned as can be, whoever asked for them; of equal ones those that were asked for first. As long as all
// fit, or nothing better exists, each goes where its policy prefers it, the largest first; otherwise GPUs are chosen so that
// more fit. Pure.
import type { PciAddress } from "../core/ids.ts";
import type { Reason } from "../core/reasons.ts";
import type { SliceSizes } from "../inventory/share.ts";
import { added, fill, largestFirst, nothingFilled, type Filled, type Unit } from "./plan/fill.ts";
import { boundsText } from "./kernel-count.ts";
import type { Packing } from "./plan/packing.ts";
import { mostPacked } from "./plan/search.ts";
import { nearestOf, shortfalls, type Shortfall } from "./plan/shortfall.ts";
import { sitesOf, type PlanStock, type Supposition } from "./plan/site.ts";
import {
  itemsOf,
  kindsOf,
  meaning,
  placesOf,
  type Item,
  type Kinds,
  type Place,
  type PlanRequest,
} from "./plan/units.ts";
import { IN_PIECES } from "./fragmentation.ts";
import { farText } from "./policies.ts";
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
  readonly sizes: SliceSizes;
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
  const places = placesOf(sitesOf(stock, what));
  const items = itemsOf(requests, places);
  const { filled, exact } = arrange(items, places);
  const planned = inOrder(filled.placed, places);
  return {
    planned,
    unplanned: unplannedOf(items, filled, places),
    exact,
    warnings: [...new Set([...warningsOf(items, filled, places), ...inPieces(planned, places)])],
  };
}

function arrange(
  items: readonly Item[],
  places: readonly Place[],
): { readonly filled: Filled; readonly exact: boolean } {
  const largeToSmall = largestFirst(items);
  const byPolicy = fill(nothingFilled(places), largeToSmall, places);
  const wanted = items.reduce((sum, { count }) => sum + count, 0);
  if (byPolicy.placed.length === wanted) return { filled: byPolicy, exact: true };
  // Large ones keep many small ones out: the other way round may be better already.
  const smallFirst = fill(nothingFilled(places), largeToSmall.toReversed(), places);
  const known = smallFirst.placed.length > byPolicy.placed.length ? smallFirst : byPolicy;
  const kinds = kindsOf(items, places);
  const { packing, exact } = mostPacked(kinds.problem, packingOf(known, kinds, places));
  const searched = placedBy(packing, kinds, places);
  const best = searched.placed.length > known.placed.length ? searched : known;
  return { filled: exact ? best : fill(best, largeToSmall, places), exact };
}

function packingOf({ placed }: Filled, { items }: Kinds, places: readonly Place[]): Packing {
  return places.map((_, at) =>
    items.map((kind) => placed.filter((unit) => unit.at === at && kind.includes(unit.item)).length),
  );
}

/** Which items of a kind are served is decided by who asked first. */
function placedBy(packing: Packing, { items }: Kinds, places: readonly Place[]): Filled {
  const waiting = items.map((kind) => kind.flatMap((item) => Array<Item>(item.count).fill(item)));
  const loads = [...nothingFilled(places).loads];
  const placed: Unit[] = [];
  for (const [at, counts] of packing.entries())
    for (const [kind, count] of counts.entries())
      for (const item of waiting[kind]?.splice(0, count) ?? []) {
        const [load, sizes] = [loads[at], item.types[at]?.sizes];
        if (load && sizes) loads[at] = added(load, sizes);
        placed.push({ item, at });
      }
  return { loads, placed };
}

/** The largest first: a large range is found as long as little lies in the way, a small one longer. */
function inOrder(placed: readonly Unit[], places: readonly Place[]): PlannedVgpu[] {
  const vgpus = placed.flatMap(({ item, at }) => {
    const [type, place] = [item.types[at], places[at]];
    if (!type || !place) return [];
    return [{ item: item.index, gpu: place.site.gpu.address, type: type.name, sizes: type.sizes }];
  });
  return vgpus.sort(
    (a, b) =>
      b.sizes.lowGmMib - a.sizes.lowGmMib ||
      b.sizes.highGmMib - a.sizes.highGmMib ||
      a.item - b.item ||
      (a.gpu < b.gpu ? -1 : 1),
  );
}

function unplannedOf(
  items: readonly Item[],
  { placed, loads }: Filled,
  places: readonly Place[],
): UnplannedItem[] {
  const known = new Map<string, readonly Shortfall[]>();
  return items.flatMap((item) => {
    const count = item.count - placed.filter((unit) => unit.item === item).length;
    if (count === 0) return [];
    // Items that mean the same lack the same.
    const key = `${item.wish.gpu ?? ""} ${meaning(item)}`;
    const lacks = known.get(key) ?? shortfalls(item, places, loads);
    known.set(key, lacks);
    const reason = nearestOf(lacks)?.reason ?? (item.wish.gpu ? "GPU_NOT_FOUND" : "MODE_UNSUPPORTED");
    return [{ item: item.index, count, reason, shortfalls: lacks }];
  });
}

function warningsOf(items: readonly Item[], { placed, loads }: Filled, places: readonly Place[]): string[] {
  const rounded = items.flatMap((item) => {
    const type = item.types.find((one) => one !== undefined);
    return type ? ignoredSizes(item.wish, type) : [];
  });
  const far = placed.flatMap(({ item, at }) => {
    const place = places[at];
    return (place && farText(place.site.gpu, item.wish)) ?? [];
  });
  const counts = places.flatMap(({ site, bounds }, at) =>
    (loads[at]?.planned.length ?? 0) > 0 ? (boundsText(site.gpu.address, bounds) ?? []) : [],
  );
  const doubtful = placed.flatMap(({ item, at }) =>
    item.types[at]?.doubtful === true ? [`${places[at]?.site.gpu.address ?? ""} ${IN_PIECES}`] : [],
  );
  return [...rounded, ...far, ...counts, ...doubtful];
}

/** GPUs on which some of what is planned may find no piece once the rest is made. */
function inPieces(planned: readonly PlannedVgpu[], places: readonly Place[]): string[] {
  return places.flatMap(({ site: { gpu, findingPieces } }) => {
    const here = planned.filter((vgpu) => vgpu.gpu === gpu.address).map(({ sizes }) => sizes);
    return findingPieces(here) < here.length ? [`${gpu.address} ${IN_PIECES}`] : [];
  });
}
