// Why one more of an item does not fit, GPU by GPU, beside all that is planned. Pure.
import type { PciAddress } from "../../core/ids.ts";
import type { Reason } from "../../core/reasons.ts";
import { isClosed } from "../closed.ts";
import { missing, resources, oneOf, type Amounts } from "../budget.ts";
import { isPooled, judge, type Site } from "../site.ts";
import { obstacle, type SlicedSite } from "../slices.ts";
import { meantType, type Wish } from "../wish.ts";

/** What a GPU lacks for one more. */
export interface Shortfall {
  readonly gpu: PciAddress;
  readonly reason: Reason;
  readonly why: string;
  /** How much more it would need of each resource; undefined when no amount would do. */
  readonly missing: Amounts | undefined;
  /** How far it is from being enough: what is missing as a part of what is needed, of the scarcest. Infinity when nothing would do. */
  readonly distance: number;
}

/** Of each GPU that comes into question; none when it is a GPU that is left out. `sites`: with all that is planned there. */
export function shortfalls(wish: Wish, sites: readonly Site[]): Shortfall[] {
  return sites
    .filter(({ gpu }) => wish.gpu === undefined || wish.gpu === gpu.address)
    .flatMap((site) => {
      const { lost: reason, why } = judge(wish, site).candidate;
      // Of one with room nothing is short.
      if (reason === undefined) return [];
      return [{ gpu: site.gpu.address, reason, why, ...amountsMissing(wish, site, reason) }];
    });
}

/** The one that came nearest: the least missing, of equal ones that with the lowest address. */
export function nearestOf(all: readonly Shortfall[]): Shortfall | undefined {
  return [...all].sort((a, b) => rank(a) - rank(b))[0];
}

/** A GPU that is closed comes nearer than one that offers other types, and that nearer than one that offers none. */
function rank({ distance, reason }: Shortfall): number {
  if (Number.isFinite(distance)) return distance;
  if (isClosed(reason)) return Number.MAX_SAFE_INTEGER / 2;
  return reason === "MODE_UNSUPPORTED" ? Number.MAX_VALUE : Number.MAX_SAFE_INTEGER;
}

type Lacking = Pick<Shortfall, "missing" | "distance">;

const NO_AMOUNT_WOULD_DO: Lacking = { missing: undefined, distance: Infinity };
const ONE: Lacking = { missing: oneOf({ lowGmMib: 0, highGmMib: 0, fences: 0 }), distance: 1 };

/** Of what is given away one by one it is one that is missing. */
const ofPools: ReadonlySet<Reason> = new Set(["SEATS_EXHAUSTED", "GPU_EXHAUSTED", "FUNCTIONS_EXHAUSTED"]);

function amountsMissing(wish: Wish, site: Site, reason: Reason): Lacking {
  if (isPooled(site)) return ofPools.has(reason) ? ONE : NO_AMOUNT_WOULD_DO;
  return sumsMissing(wish, site);
}

function sumsMissing(wish: Wish, site: SlicedSite): Lacking {
  const { budget, types } = site;
  const type = meantType(wish, types);
  const hindered = budget && type && !type.closed ? obstacle(site, type.sizes) : undefined;
  if (!budget || !type || !hindered || !("short" in hindered)) return NO_AMOUNT_WOULD_DO;
  const lacks = missing(budget, type.sizes);
  const one = oneOf(type.sizes);
  const distance = Math.max(...resources.map((key) => lacks[key] / Math.max(1, one[key])));
  return { missing: lacks, distance };
}
