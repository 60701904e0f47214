// A GPU as one piece (mode gvt-d). Pure.
import type { Gpu } from "../inventory/model.ts";
import type { WholeGpuAccount, WholeGpuHolder } from "./accounts/whole-gpu.ts";
import type { Piece, Pool } from "./pools.ts";
import type { Counting, Stock } from "./stock.ts";

const WHOLE: Piece = { share: { mode: "gvt-d" }, amounts: undefined };

export function wholePool(gpu: Gpu, { whole }: Pick<Stock, "whole">, counting: Counting): Pool {
  const account = whole(gpu);
  const holder = account.heldBy.find((one) => counts(one, account, counting));
  return {
    all: [WHOLE],
    left: holder ? [] : [WHOLE],
    exhausted: {
      lost: "GPU_EXHAUSTED",
      why: () => (holder ? takenText(holder, gpu, account.domain) : "is planned for another vGPU"),
    },
  };
}

export function isParked({ heldBy }: WholeGpuAccount): boolean {
  return heldBy.includes("boot");
}

/** What the host itself has on it stays there, whatever is supposed. */
function counts(
  holder: WholeGpuHolder,
  { holder: whose }: WholeGpuAccount,
  { own, foreign }: Counting,
): boolean {
  switch (holder) {
    case "claim":
      return own;
    case "domain":
      return whose === "own" ? own : foreign;
    case "driver":
      return foreign;
    case "vgpus":
    case "seats":
      return own || foreign;
    case "boot":
    case "virtual-functions":
    case "screens":
      return true;
  }
}

function takenText(holder: WholeGpuHolder, { address }: Gpu, domain: string | undefined): string {
  switch (holder) {
    case "claim":
      return "is given to another claim";
    case "domain":
      return `is named by domain ${domain ?? ""}`;
    case "driver":
      return `is kept by its driver for a guest that vgpud does not know; SetGpuMode (vgpuctl set-mode ${address} gvt-d) makes it vgpud's to give`;
    case "boot":
      return `was given back and waits for the next boot; until then SetGpuMode (vgpuctl set-mode ${address} gvt-d) alone gives it to guests again`;
    case "vgpus":
      return "has vGPUs";
    case "virtual-functions":
      return "has virtual functions";
    case "seats":
      return "has guests that render on it";
    case "screens":
      return "shows something on a screen of the host";
  }
}
