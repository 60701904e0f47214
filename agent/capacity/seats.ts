// The seats of a GPU (mode gvt-s): guests that render on the host's node. Nothing in kernel or QEMU bounds how many there are, and
// each makes the others slower, so that the configuration does. Pure.
import { counted } from "../core/counted.ts";
import type { PciAddress } from "../core/ids.ts";
import type { Gpu } from "../inventory/model.ts";
import type { Lack, Piece, Pool } from "./pools.ts";
import type { Counting, Stock } from "./stock.ts";

const SEAT: Piece = { share: { mode: "gvt-s" }, amounts: undefined };

/** How many seats the configuration lets a GPU in mode gvt-s have. */
export type SeatLimit = (gpu: PciAddress) => number;

export function seatPool(gpu: Gpu, { seats }: Pick<Stock, "seats">, counting: Counting): Pool | Lack {
  if (gpu.drmRender === undefined) return { lost: "RENDER_NODE_MISSING", why: "has no render node" };
  const { total, own, foreign } = seats(gpu);
  const used = (counting.own ? own : 0) + (counting.foreign ? foreign : 0);
  const all = Array.from({ length: total }, () => ({ ...SEAT }));
  return {
    all,
    left: all.slice(used),
    exhausted: {
      lost: "SEATS_EXHAUSTED",
      why: (planned) =>
        `all of its ${counted(total, "seat")} are taken${planned ? " or planned" : ""}; limits.render_seats in the configuration says how many it has, or limits.render_seats_by_gpu for this GPU alone`,
    },
  };
}
