// Places vGPUs one after the other, each where its policy prefers it: what a caller would get who asks in this order. Pure.
import type { SliceSizes } from "../../inventory/share.ts";
import { fullness, lacking, withOne, type Budget } from "../budget.ts";
import { byRank, scoreOf, type Ranked } from "../policies.ts";
import { boundReached } from "../kernel-count.ts";
import type { Item, Place } from "./units.ts";

/** What is planned so far. */
export interface Filled {
  /** By place. */
  readonly loads: readonly Load[];
  readonly placed: readonly Unit[];
}

export interface Load {
  readonly budget: Budget | undefined;
  /** What is planned there. */
  readonly planned: readonly SliceSizes[];
}

/** One vGPU at its place. */
export interface Unit {
  readonly item: Item;
  /** Index of the place. */
  readonly at: number;
}

export function nothingFilled(places: readonly Place[]): Filled {
  return { loads: places.map(({ site: { budget } }) => ({ budget, planned: [] })), placed: [] };
}

/** The largest first, equal ones in the order of the requests. */
export function largestFirst(items: readonly Item[]): Item[] {
  return [...items].sort((a, b) => b.most.lowGmMib - a.most.lowGmMib || b.most.highGmMib - a.most.highGmMib);
}

/** Adds as many of each item as there is room for, in the order given, to what is planned. */
export function fill(before: Filled, items: readonly Item[], places: readonly Place[]): Filled {
  const loads = [...before.loads];
  const placed = [...before.placed];
  for (const item of items) {
    const already = before.placed.filter((unit) => unit.item === item).length;
    for (let more = already; more < item.count; more += 1) {
      const at = preferred(item, loads, places);
      if (at === undefined) break;
      const [load, sizes] = [loads[at], item.types[at]?.sizes];
      if (load && sizes) loads[at] = added(load, sizes);
      placed.push({ item, at });
    }
  }
  return { loads, placed };
}

/** The same with one more vGPU at a place, whether or not there is room. */
export function added({ budget, planned }: Load, sizes: SliceSizes): Load {
  return { budget: budget && withOne(budget, sizes), planned: [...planned, sizes] };
}

/** A planner asks this for every vGPU and GPU: no lists are made. */
function preferred(
  { wish, types }: Item,
  loads: readonly Load[],
  places: readonly Place[],
): number | undefined {
  let best: (Ranked & { readonly at: number }) | undefined;
  for (const [at, { site, bounds }] of places.entries()) {
    const [load, type] = [loads[at], types[at]];
    if (!load?.budget || !type || lacking(load.budget, type.sizes) !== undefined) continue;
    if (boundReached(bounds, load.planned, type.sizes)) continue;
    const score = scoreOf({ gpu: site.gpu, fullness: fullness(load.budget) }, wish);
    const other = { at, gpu: site.gpu, score, doubtful: type.doubtful };
    if (!best || byRank(other, best) < 0) best = other;
  }
  return best?.at;
}
