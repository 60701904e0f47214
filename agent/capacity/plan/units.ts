// The vGPUs that a plan is asked for, one by one, and as the kinds that the search knows. Pure.
import type { SliceSizes } from "../../inventory/share.ts";
import { resources, oneOf, type Amounts } from "../budget.ts";
import { countsTowards } from "../kernel-count.ts";
import { leftOf, serves, type Piece, type PooledSite } from "../pools.ts";
import { isPooled, type Site } from "../site.ts";
import type { SlicedSite } from "../slices.ts";
import type { LeastOfFunction, Wish } from "../wish.ts";
import type { Bin, Problem } from "./packing.ts";
import { portionAt, portionKey, type Portion } from "./portion.ts";

/** Some vGPUs of one kind. */
export interface PlanRequest {
  readonly wish: Wish;
  /** 1 or more. */
  readonly count: number;
}

/** One request with what it means on each GPU. */
export interface Item extends PlanRequest {
  /** Its index among the requests. */
  readonly index: number;
  /** By site; undefined where it may not go. */
  readonly portions: readonly (Portion | undefined)[];
  /** The largest slice that it may take anywhere, so that the hardest can be placed first. */
  readonly most: Pick<SliceSizes, "lowGmMib" | "highGmMib">;
}

/** In the order of the requests. */
export function itemsOf(requests: readonly PlanRequest[], sites: readonly Site[]): Item[] {
  return requests.map((request, index) => {
    const portions = sites.map((site) => portionAt(request.wish, site));
    return { ...request, index, portions, most: mostOf(portions) };
  });
}

function mostOf(portions: Item["portions"]): Item["most"] {
  let [lowGmMib, highGmMib] = [0, 0];
  for (const portion of portions) {
    if (portion?.mode !== "gvt-g") continue;
    lowGmMib = Math.max(lowGmMib, portion.sizes.lowGmMib);
    highGmMib = Math.max(highGmMib, portion.sizes.highGmMib);
  }
  return { lowGmMib, highGmMib };
}

/** Items that mean the same everywhere are one kind. */
export interface Kinds {
  readonly problem: Problem;
  /** By kind: its items, in the order of the requests. */
  readonly items: readonly (readonly Item[])[];
}

/** The problem that the search solves, with the items behind its kinds. */
export function kindsOf(items: readonly Item[], sites: readonly Site[]): Kinds {
  const kinds = new Map<string, Item[]>();
  for (const item of items) {
    const meaning = item.portions.map(portionKey).join();
    const alike = kinds.get(meaning);
    if (alike) alike.push(item);
    else kinds.set(meaning, [item]);
  }
  const bins = sites.map((site, at) => (isPooled(site) ? poolBin(site, items, at) : sliceBin(site)));
  return {
    problem: {
      bins: bins.map(({ free }) => free),
      kinds: [...kinds.values()].map((alike) => ({
        needs: bins.map(({ needOf }, at) => {
          const portion = alike[0]?.portions[at];
          return portion && needOf(portion);
        }),
        count: countOf(alike),
      })),
    },
    items: [...kinds.values()],
  };
}

interface SiteBin {
  readonly free: Bin;
  readonly needOf: (portion: Portion) => Bin | undefined;
}

/** The four resources, then what the kernel's count allows. */
function sliceBin({ budget, bounds }: SlicedSite): SiteBin {
  const free = resources.map((key) => budget?.free[key] ?? 0);
  return {
    free: [...free, ...bounds.map(({ atMost }) => atMost)],
    needOf: (portion) => {
      if (portion.mode !== "gvt-g") return undefined;
      const one: Amounts = oneOf(portion.sizes);
      const kernel = bounds.map((bound) => (countsTowards(bound, portion.sizes) ? 1 : 0));
      return [...resources.map((key) => one[key]), ...kernel];
    },
  };
}

/**
 * Those that are left, then for each least amount that is asked for those that have it: what asks for as much or more, so that
 * all that will do for it are among these, takes one of them.
 */
function poolBin(site: PooledSite, items: readonly Item[], at: number): SiteBin {
  const left = leftOf(site);
  const serving = (least: LeastOfFunction): readonly Piece[] => left.filter((piece) => serves(piece, least));
  const classes = new Map<string, ReadonlySet<Piece>>();
  for (const { portions } of items) {
    const portion = portions[at];
    if (!portion || portion.mode === "gvt-g") continue;
    const those = serving(portion.least);
    if (those.length < left.length) classes.set(portionKey(portion), new Set(those));
  }
  const bounds = [...classes.values()];
  return {
    free: [left.length, ...bounds.map(({ size }) => size)],
    needOf: (portion) => {
      if (portion.mode === "gvt-g") return undefined;
      const those = serving(portion.least);
      return [1, ...bounds.map((bound) => (those.every((piece) => bound.has(piece)) ? 1 : 0))];
    },
  };
}

function countOf(items: readonly Item[]): number {
  return items.reduce((sum, { count }) => sum + count, 0);
}
