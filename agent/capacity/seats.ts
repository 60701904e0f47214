// Whether a GPU has a seat left (mode gvt-s): a guest that renders on the host's node. Nothing in kernel or QEMU bounds how many
// there are, and each makes the others slower, so that the configuration does. Pure.
import { counted } from "../core/counted.ts";
import type { Gpu } from "../inventory/model.ts";
import { loses, type Judged } from "./judged.ts";
import { scoreOf } from "./policies.ts";
import type { Stock } from "./stock.ts";
import type { Wish } from "./wish.ts";

export function judgeSeat(
  wish: Wish,
  gpu: Gpu,
  { seats, closed: closedOn }: Pick<Stock, "seats" | "closed">,
): Judged {
  const { address } = gpu;
  const type = SEAT;
  if (gpu.drmRender === undefined) return loses(address, "RENDER_NODE_MISSING", "has no render node");
  const closed = closedOn(address);
  if (closed) return loses(address, closed.reason, closed.why, { type });
  const { total, used } = seats(gpu);
  if (used >= total) {
    const why = `all of its ${counted(total, "seat")} are taken; limits.render_seats in the configuration says how many it has`;
    return loses(address, "SEATS_EXHAUSTED", why, { type });
  }
  const score = scoreOf({ gpu, fullness: used / total }, wish);
  return {
    fit: { gpu, score, doubtful: false, share: { mode: "gvt-s" } },
    candidate: { gpu: address, type, budget: undefined, lost: undefined, why: "fits", score },
  };
}

const SEAT = "seat";
