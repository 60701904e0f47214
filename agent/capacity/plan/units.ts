// The vGPUs that a plan is asked for, one by one, and as the kinds that the search knows. Pure.
import type { SliceSizes } from "../../inventory/share.ts";
import { resources, oneOf, type Amounts } from "../budget.ts";
import { meantType, type SizedType, type Wish } from "../wish.ts";
import { countsTowards, kernelBounds, type KernelBound } from "../kernel-count.ts";
import type { Bin, Problem } from "./packing.ts";
import type { Site, SiteType } from "./site.ts";

/** Some vGPUs of one kind. */
export interface PlanRequest {
  readonly wish: Wish;
  /** 1 or more. */
  readonly count: number;
}

/** A GPU as the search sees it. */
export interface Place {
  readonly site: Site;
  readonly bounds: readonly KernelBound[];
}

type PlannableType = SizedType & Pick<SiteType, "doubtful">;

/** One request with what it means on each GPU. */
export interface Item extends PlanRequest {
  /** Its index among the requests. */
  readonly index: number;
  /** By place: the type that it means there; undefined where it may not go. */
  readonly types: readonly (PlannableType | undefined)[];
  /** The largest that it may take anywhere, so that the hardest can be placed first. */
  readonly most: Pick<SliceSizes, "lowGmMib" | "highGmMib">;
}

export function placesOf(sites: readonly Site[]): Place[] {
  return sites.map((site) => ({ site, bounds: kernelBounds(site) }));
}

/** In the order of the requests. */
export function itemsOf(requests: readonly PlanRequest[], places: readonly Place[]): Item[] {
  return requests.map((request, index) => {
    const types = places.map(({ site }) => typeAt(request.wish, site));
    return { ...request, index, types, most: mostOf(types) };
  });
}

function typeAt(wish: Wish, { gpu, budget, types }: Site): PlannableType | undefined {
  if (!budget || (wish.gpu !== undefined && wish.gpu !== gpu.address)) return undefined;
  const type = meantType(wish, types);
  return type?.closed ? undefined : type;
}

function mostOf(types: Item["types"]): Item["most"] {
  let [lowGmMib, highGmMib] = [0, 0];
  for (const type of types) {
    lowGmMib = Math.max(lowGmMib, type?.sizes.lowGmMib ?? 0);
    highGmMib = Math.max(highGmMib, type?.sizes.highGmMib ?? 0);
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
export function kindsOf(items: readonly Item[], places: readonly Place[]): Kinds {
  const kinds = new Map<string, Item[]>();
  for (const item of items) {
    const alike = kinds.get(meaning(item));
    if (alike) alike.push(item);
    else kinds.set(meaning(item), [item]);
  }
  return {
    problem: {
      bins: places.map(binOf),
      kinds: [...kinds.values()].map((alike) => ({
        needs: places.map((place, at) => needOf(place, alike[0]?.types[at])),
        count: countOf(alike),
      })),
    },
    items: [...kinds.values()],
  };
}

/** The same for items that mean the same everywhere. */
export function meaning({ types }: Item): string {
  return types.map((type) => type?.name ?? "").join();
}

/** The four resources, then what the kernel's count allows. */
function binOf({ site: { budget }, bounds }: Place): Bin {
  const free = resources.map((key) => budget?.free[key] ?? 0);
  return [...free, ...bounds.map(({ atMost }) => atMost)];
}

function needOf({ bounds }: Place, type: SizedType | undefined): Bin | undefined {
  if (!type) return undefined;
  const one: Amounts = oneOf(type.sizes);
  const kernel = bounds.map((bound) => (countsTowards(bound, type.sizes) ? 1 : 0));
  return [...resources.map((key) => one[key]), ...kernel];
}

function countOf(items: readonly Item[]): number {
  return items.reduce((sum, { count }) => sum + count, 0);
}
