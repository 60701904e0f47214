// Whether a GPU has a virtual function left (mode sriov): those that were made, since another number would first take all away. Pure.
import { counted } from "../core/counted.ts";
import type { Gpu } from "../inventory/model.ts";
import { loses, type Judged } from "./judged.ts";
import { scoreOf } from "./policies.ts";
import type { Stock } from "./stock.ts";
import type { Wish } from "./wish.ts";

const TYPE = "vf";

export function judgeFunction(
  wish: Wish,
  gpu: Gpu,
  { functions: accountOf, closed: closedOn }: Pick<Stock, "functions" | "closed">,
): Judged {
  const { address } = gpu;
  const account = accountOf(gpu);
  if (!account) return loses(address, "MODE_UNSUPPORTED", "has no SR-IOV");
  const closed = closedOn(address);
  if (closed) return loses(address, closed.reason, closed.why, { type: TYPE });
  const { functions } = account;
  // One of which that is not known is asked for: who holds it is tested before it is taken.
  const left = functions.filter(({ free }) => free !== false);
  const { functionNumber: wanted } = wish;
  const first = wanted === undefined ? left[0] : left.find(({ function: { number } }) => number === wanted);
  if (!first) {
    const why =
      wanted === undefined ? exhaustedText(functions.length) : `its virtual function ${wanted} is taken`;
    return loses(address, "FUNCTIONS_EXHAUSTED", why, { type: TYPE });
  }
  const { number, address: own } = first.function;
  const score = scoreOf({ gpu, fullness: 1 - left.length / functions.length }, wish);
  return {
    fit: { gpu, score, doubtful: false, share: { mode: "sriov", number, address: own } },
    candidate: { gpu: address, type: TYPE, budget: undefined, lost: undefined, why: "fits", score },
  };
}

function exhaustedText(made: number): string {
  if (made === 0) return "has no virtual functions; SetVirtualFunctions makes them";
  return `all of its ${counted(made, "virtual function")} are taken`;
}
