// What a wish means on one GPU: what it would take there, whether there is room for it, and what is left then. Pure.
import { ownTypeOf, type SliceSizes } from "../../inventory/share.ts";
import { pieceFor, withoutPiece, type PooledMode } from "../pools.ts";
import { isPooled, type Site } from "../site.ts";
import { doubtOf, obstacle, withSlice } from "../slices.ts";
import { leastIn, meantType, modesWanted, preferenceOf, type LeastOfFunction, type Wish } from "../wish.ts";

export type Portion = SlicePortion | PiecePortion;

interface SlicePortion {
  readonly mode: "gvt-g";
  readonly type: string;
  readonly sizes: SliceSizes;
  readonly preference: number;
  readonly doubt: string | undefined;
}

interface PiecePortion {
  readonly mode: PooledMode;
  readonly type: string;
  readonly least: LeastOfFunction;
  readonly preference: number;
  readonly doubt: string | undefined;
}

/** Undefined where the wish may not go. */
export function portionAt(wish: Wish, site: Site): Portion | undefined {
  const { gpu, mode = "gvt-g" } = site;
  if (wish.gpu !== undefined && wish.gpu !== gpu.address) return undefined;
  if (!modesWanted(wish).includes(mode)) return undefined;
  const preference = preferenceOf(wish, mode);
  if (isPooled(site)) {
    const least = leastIn(mode, wish);
    if (!pieceFor(least, site)) return undefined;
    return { mode: site.mode, type: ownTypeOf(site.mode), least, preference, doubt: site.doubt };
  }
  const type = site.budget && meantType(wish, site.types);
  if (!type || type.closed) return undefined;
  const { name, sizes } = type;
  return { mode: "gvt-g", type: name, sizes, preference, doubt: doubtOf(site, sizes) };
}

/** The same for portions that mean the same on a GPU. */
export function portionKey(portion: Portion | undefined): string {
  if (!portion) return "";
  if (portion.mode !== "sriov") return portion.type;
  const { vramMib, ggttMib } = portion.least;
  return `${portion.type} ${vramMib} ${ggttMib}`;
}

/** The GPU once the portion is planned there; undefined when there is no room for it. */
export function withPortion(site: Site, portion: Portion): Site | undefined {
  if (isPooled(site)) {
    const piece = portion.mode === "gvt-g" ? undefined : pieceFor(portion.least, site);
    return piece && withoutPiece(site, piece);
  }
  if (portion.mode !== "gvt-g" || obstacle(site, portion.sizes)) return undefined;
  return withSlice(site, portion.sizes);
}

/** Whether there is room. A planner asks this for every vGPU and GPU: no lists are made. */
export function hasRoom(site: Site, portion: Portion): boolean {
  if (isPooled(site)) return portion.mode !== "gvt-g" && pieceFor(portion.least, site) !== undefined;
  return portion.mode === "gvt-g" && obstacle(site, portion.sizes) === undefined;
}
