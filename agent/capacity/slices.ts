// Whether a GPU has room for a slice (mode gvt-g): by the sums of all its types, by the kernel's counts, and in one piece. Pure.
import type { Gpu } from "../inventory/model.ts";
import { budgetOf, freeText, fullness, lacking } from "./budget.ts";
import { uncounted } from "./closed.ts";
import { fragmentationOf } from "./fragmentation.ts";
import { loses, type Judged } from "./judged.ts";
import { boundReached, kernelBounds, pendingOf, type KernelBound } from "./kernel-count.ts";
import type { Stock } from "./stock.ts";
import { scoreOf } from "./policies.ts";
import { meantType, sizesText, type Wish } from "./wish.ts";

export function judgeSlice(
  wish: Wish,
  gpu: Gpu,
  { rule, holdings, made, closed: closedOn }: Pick<Stock, "rule" | "holdings" | "made" | "closed">,
): Judged {
  const { address, types } = gpu;
  const endowment = rule(gpu);
  const here = holdings.filter((holding) => holding.gpu === address);
  // Of one that offers nothing there is no room to tell of.
  const budget = types.length === 0 ? undefined : endowment && budgetOf(endowment, here);
  if (!budget) return loses(address, "MODE_UNSUPPORTED", NO_TYPES);
  const type = meantType(wish, types);
  if (!type)
    return loses(address, "TYPE_UNKNOWN", `offers ${types.map(({ name }) => name).join(", ")}`, { budget });
  const known = { type: type.name, budget };
  const closed = closedOn(address) ?? uncounted(type);
  if (closed) return loses(address, closed.reason, closed.why, known);
  const short = lacking(budget, type.sizes);
  if (short !== undefined)
    return loses(address, short, `needs ${sizesText(type.sizes)}, free are ${freeText(budget)}`, known);
  const bounds = kernelBounds({ budget, types, pending: pendingOf(here, made) });
  const reached = boundReached(bounds, [], type.sizes);
  if (reached) return loses(address, "KERNEL_REPORTS_NO_ROOM", reachedText(reached), known);
  const score = scoreOf({ gpu, fullness: fullness(budget) }, wish);
  const doubtful = fragmentationOf(gpu, budget, here).room(type.sizes) === 0;
  return {
    fit: { gpu, score, doubtful, share: { mode: "gvt-g", type: type.name, sizes: type.sizes } },
    candidate: { gpu: address, ...known, lost: undefined, why: "fits", score },
  };
}

export const NO_TYPES = "offers no vGPU types";

function reachedText({ type, counted }: KernelBound): string {
  const count = `the kernel's available_instances of ${type} is ${counted}`;
  return counted === 0 ? count : `${count}, and promised vGPUs that are not made yet take that`;
}
