// The virtual functions of a GPU (mode sriov): those that were made, since another number would first take all away. Pure.
import { counted } from "../core/counted.ts";
import type { Gpu } from "../inventory/model.ts";
import type { FunctionUse } from "./accounts/virtual-functions.ts";
import type { Lack, Piece, Pool } from "./pools.ts";
import type { Counting, Stock } from "./stock.ts";

export function functionPool(
  gpu: Gpu,
  { functions: accountOf }: Pick<Stock, "functions">,
  counting: Counting,
): Pool | Lack {
  const account = accountOf(gpu);
  if (!account) return { lost: "MODE_UNSUPPORTED", why: "has no SR-IOV" };
  const pieces = account.functions.map((use) => ({ use, piece: pieceOf(use) }));
  // One of which it is not known whether it is free is asked for: who holds it is tested before it is taken.
  const left = pieces.filter(({ use: { holder } }) => holder === undefined || !counting[holder]);
  return {
    all: pieces.map(({ piece }) => piece),
    left: left.map(({ piece }) => piece).sort(byAmounts),
    exhausted: {
      lost: "FUNCTIONS_EXHAUSTED",
      why: (planned) => exhaustedText(pieces.length, planned),
    },
  };
}

function pieceOf({ function: { number, address, quota } }: FunctionUse): Piece {
  return { share: { mode: "sriov", number, address }, amounts: quota };
}

/** Those that were given least first, equal ones by number, in which order they came. */
function byAmounts({ amounts: a }: Piece, { amounts: b }: Piece): number {
  return (a?.vramBytes ?? 0) - (b?.vramBytes ?? 0) || (a?.ggttBytes ?? 0) - (b?.ggttBytes ?? 0);
}

function exhaustedText(made: number, planned: boolean): string {
  if (made === 0) return "has no virtual functions; SetVirtualFunctions makes them";
  return `all of its ${counted(made, "virtual function")} are taken${planned ? " or planned" : ""}`;
}
