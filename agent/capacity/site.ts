// A GPU as it is judged, in the mode that it is in: the one rule of what it has room for, for a placement and for a plan. Pure.
import type { Gpu } from "../inventory/model.ts";
import { fullness } from "./budget.ts";
import { loses, type Judged } from "./judged.ts";
import { otherModeText } from "./other-modes.ts";
import {
  fullnessOfPool,
  judgePooled,
  type Lack,
  type Pool,
  type PooledMode,
  type PooledSite,
} from "./pools.ts";
import { seatPool } from "./seats.ts";
import { judgeSlice, slicedSite, type SlicedAs, type SlicedSite } from "./slices.ts";
import { EVERYBODY, type Counting, type Stock } from "./stock.ts";
import { functionPool } from "./virtual-functions.ts";
import { isParked, wholePool } from "./whole-gpus.ts";
import { modesWanted, type Wish } from "./wish.ts";

export type Site = SlicedSite | PooledSite;

/** What a GPU is taken for. */
interface TakenAs extends SlicedAs {
  readonly counting: Counting;
}

type GpuStock = Omit<Stock, "gpus">;

/** The GPU as it is. */
export function siteOf(gpu: Gpu, stock: GpuStock): Site {
  const holdings = stock.holdings.filter((holding) => holding.gpu === gpu.address);
  return sited(gpu, stock, { holdings, isAsSeen: true, counting: EVERYBODY });
}

/** The GPU as it is taken for. */
export function sited(gpu: Gpu, stock: GpuStock, as: TakenAs): Site {
  const mode = stock.modeOf(gpu);
  if (mode === undefined || mode === "gvt-g") return slicedSite(gpu, mode, stock, as);
  const pool = pools[mode](gpu, stock, as.counting);
  const [closed, doubt] = [stock.closed(gpu.address), stock.doubt(gpu, mode)];
  return { mode, gpu, pool, closed, doubt, planned: 0, xen: stock.xengt, parked: isParked(stock.whole(gpu)) };
}

const pools = {
  "gvt-s": seatPool,
  "gvt-d": wholePool,
  sriov: functionPool,
} as const satisfies Record<PooledMode, (gpu: Gpu, stock: GpuStock, counting: Counting) => Pool | Lack>;

export function isPooled(site: Site): site is PooledSite {
  return site.mode !== undefined && site.mode !== "gvt-g";
}

export function judge(wish: Wish, site: Site): Judged {
  const { gpu, mode } = site;
  const wanted = modesWanted(wish);
  if (!wanted.includes(mode ?? "gvt-g"))
    return loses(gpu.address, "MODE_UNSUPPORTED", otherModeText(wanted, site));
  return isPooled(site) ? judgePooled(wish, site) : judgeSlice(wish, site);
}

/** How much of what guests may have is taken, 0 to 1. */
export function fullnessOf(site: Site): number {
  if (isPooled(site)) return fullnessOfPool(site);
  return site.budget ? fullness(site.budget) : 1;
}
