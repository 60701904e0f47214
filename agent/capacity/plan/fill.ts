// Places vGPUs one after the other, each where its policy prefers it: what a caller would get who asks in this order. Pure.
import { byRank, scoreOf, type Ranked } from "../policies.ts";
import { fullnessOf, type Site } from "../site.ts";
import { hasRoom, withPortion } from "./portion.ts";
import type { Item } from "./units.ts";

/** What is planned so far. */
export interface Filled {
  /** As they are with what is planned there. */
  readonly sites: readonly Site[];
  readonly placed: readonly Unit[];
}

/** One vGPU at its place. */
export interface Unit {
  readonly item: Item;
  /** Index of the site. */
  readonly at: number;
}

export function nothingFilled(sites: readonly Site[]): Filled {
  return { sites, placed: [] };
}

/** The largest first, equal ones in the order of the requests. */
export function largestFirst(items: readonly Item[]): Item[] {
  return [...items].sort((a, b) => b.most.lowGmMib - a.most.lowGmMib || b.most.highGmMib - a.most.highGmMib);
}

/** Adds as many of each item as there is room for, in the order given, to what is planned. */
export function fill(before: Filled, items: readonly Item[]): Filled {
  const sites = [...before.sites];
  const placed = [...before.placed];
  for (const item of items) {
    const already = before.placed.filter((unit) => unit.item === item).length;
    for (let more = already; more < item.count; more += 1) {
      const at = preferred(item, sites);
      if (at === undefined) break;
      put({ item, at }, sites);
      placed.push({ item, at });
    }
  }
  return { sites, placed };
}

/** Those of some vGPUs that find room at their places when they are made in this order. */
export function madeInOrder(units: readonly Unit[], before: readonly Site[]): Filled {
  const sites = [...before];
  return { placed: units.filter((unit) => put(unit, sites)), sites };
}

/** Whether there was room. */
function put({ item, at }: Unit, sites: Site[]): boolean {
  const [site, portion] = [sites[at], item.portions[at]];
  const then = site && portion && withPortion(site, portion);
  if (then) sites[at] = then;
  return then !== undefined;
}

/** No lists are made. */
function preferred({ wish, portions }: Item, sites: readonly Site[]): number | undefined {
  let best: (Ranked & { readonly at: number }) | undefined;
  for (const [at, site] of sites.entries()) {
    const portion = portions[at];
    if (!portion || !hasRoom(site, portion)) continue;
    const { preference, doubt } = portion;
    const score = scoreOf({ gpu: site.gpu, fullness: fullnessOf(site) }, wish);
    const other = { at, gpu: site.gpu, score, preference, doubt };
    if (!best || byRank(other, best) < 0) best = other;
  }
  return best?.at;
}
