// What a GPU gives away one by one, in the modes in which the kernel names no sizes: seats, itself, or virtual functions. Pure.
import type { Mode } from "../core/modes.ts";
import type { Reason } from "../core/reasons.ts";
import type { Gpu } from "../inventory/model.ts";
import { ownTypeOf, type FunctionShare, type SeatShare, type WholeShare } from "../inventory/share.ts";
import type { FunctionAmounts } from "../inventory/virtual-functions.ts";
import type { Closed } from "./closed.ts";
import { loses, type Judged } from "./judged.ts";
import { scoreOf } from "./policies.ts";
import { functionText, leastIn, preferenceOf, type LeastOfFunction, type Wish } from "./wish.ts";

export type PooledMode = Exclude<Mode, "gvt-g">;

/** What is given to one vGPU. */
export interface Piece {
  readonly share: SeatShare | WholeShare | FunctionShare;
  /** What a function was given; undefined for what is no function. */
  readonly amounts: FunctionAmounts | undefined;
}

export interface Pool {
  /** Whoever has them. */
  readonly all: readonly Piece[];
  /** Those that nobody has, those that were given least first. */
  readonly left: readonly Piece[];
  /** Why none is left; `planned`: whether a plan has taken some. */
  readonly exhausted: { readonly lost: Reason; readonly why: (planned: boolean) => string };
}

export interface Lack {
  readonly lost: Reason;
  /** Goes on from the GPU's name. */
  readonly why: string;
}

/** A GPU in one of these modes. */
export interface PooledSite {
  readonly mode: PooledMode;
  readonly gpu: Gpu;
  /** Whether the host is Xen's. */
  readonly xen: boolean;
  /** Whether it was given back and waits for the next boot. */
  readonly parked: boolean;
  /** What it lacks to have any. */
  readonly pool: Pool | Lack;
  /** Why it gives none away whatever it has. */
  readonly closed: Closed | undefined;
  /** Why not every guest can have what it gives. */
  readonly doubt: string | undefined;
  /** How many of the pool a plan has taken already. */
  readonly planned: number;
}

/** Whether a piece will do. One of which the driver does not tell what it was given is good for those who do not ask. */
export function serves({ amounts }: Piece, { vramMib, ggttMib }: LeastOfFunction): boolean {
  return hasAtLeast(amounts?.vramBytes, vramMib) && hasAtLeast(amounts?.ggttBytes, ggttMib);
}

function hasAtLeast(bytes: number | undefined, mib: number): boolean {
  return mib === 0 || (bytes !== undefined && bytes >= mib * MIB);
}

const MIB = 1024 * 1024;

/** Those that nobody has; none where there is nothing to have or it is closed. */
export function leftOf({ pool, closed }: PooledSite): readonly Piece[] {
  return "lost" in pool || closed ? [] : pool.left;
}

/** The one that was given least of those that will do. */
export function pieceFor(least: LeastOfFunction, site: PooledSite): Piece | undefined {
  return leftOf(site).find((piece) => serves(piece, least));
}

function functionOfNumber(number: number, site: PooledSite): Piece | undefined {
  return leftOf(site).find(({ share }) => share.mode === "sriov" && share.number === number);
}

/** The same GPU once one more is given away. */
export function withoutPiece(site: PooledSite, piece: Piece): PooledSite {
  const { pool, planned } = site;
  if ("lost" in pool) return site;
  const left = pool.left.filter((one) => one !== piece);
  return { ...site, pool: { ...pool, left }, planned: planned + 1 };
}

/** How much of the pool is taken, 0 to 1. */
export function fullnessOfPool({ pool }: PooledSite): number {
  if ("lost" in pool || pool.all.length === 0) return 1;
  return (pool.all.length - pool.left.length) / pool.all.length;
}

export function judgePooled(wish: Wish, site: PooledSite): Judged {
  const { gpu, mode, pool, closed, doubt } = site;
  const { address } = gpu;
  const type = ownTypeOf(mode);
  if ("lost" in pool) return loses(address, pool.lost, pool.why);
  if (closed) return loses(address, closed.reason, closed.why, { type });
  const least = leastIn(mode, wish);
  const { functionNumber: only } = wish;
  const piece = only === undefined ? pieceFor(least, site) : functionOfNumber(only, site);
  if (!piece && only !== undefined)
    return loses(address, pool.exhausted.lost, `its virtual function ${only} is taken`, { type });
  if (!piece) return noneLeft(site, pool, least);
  const score = scoreOf({ gpu, fullness: fullnessOfPool(site) }, wish);
  const preference = preferenceOf(wish, mode);
  return {
    fit: { gpu, score, preference, doubt, share: piece.share },
    candidate: { gpu: address, type, budget: undefined, lost: undefined, why: "fits", score },
  };
}

function noneLeft(
  { gpu, mode, planned }: PooledSite,
  { all, left, exhausted }: Pool,
  least: LeastOfFunction,
): Judged {
  if (all.length > 0 && !all.some((piece) => serves(piece, least)))
    return loses(gpu.address, "TYPE_UNKNOWN", `offers no ${functionText(least)}; ${givenText(all)}`);
  const why =
    left.length === 0
      ? exhausted.why(planned > 0)
      : `has no ${functionText(least)} left; of smaller ones it has ${left.length}`;
  return loses(gpu.address, exhausted.lost, why, { type: ownTypeOf(mode) });
}

/** What those that were given most have, of each. */
function givenText(all: readonly Piece[]): string {
  const most = (resource: "vramBytes" | "ggttBytes"): string => {
    const known = all.flatMap(({ amounts }) => amounts?.[resource] ?? []);
    return known.length === 0 ? "an unknown amount" : `${Math.floor(Math.max(...known) / MIB)} MiB`;
  };
  return `those that were given most have ${most("vramBytes")} of local memory and ${most("ggttBytes")} of address space`;
}
