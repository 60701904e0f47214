// Whether a GPU can be given away as one piece (mode gvt-d). Pure.
import type { Gpu } from "../inventory/model.ts";
import type { WholeGpuHolder } from "./accounts/whole-gpu.ts";
import { loses, type Judged } from "./judged.ts";
import { scoreOf } from "./policies.ts";
import type { Stock } from "./stock.ts";
import type { Wish } from "./wish.ts";

const TYPE = "gpu";

export function judgeWhole(
  wish: Wish,
  gpu: Gpu,
  { whole, closed: closedOn }: Pick<Stock, "whole" | "closed">,
): Judged {
  const { address } = gpu;
  const closed = closedOn(address);
  if (closed) return loses(address, closed.reason, closed.why, { type: TYPE });
  const { heldBy, domain } = whole(gpu);
  const [holder] = heldBy;
  if (holder) return loses(address, "GPU_EXHAUSTED", takenText(holder, domain), { type: TYPE });
  const score = scoreOf({ gpu, fullness: 0 }, wish);
  return {
    fit: { gpu, score, doubtful: false, share: { mode: "gvt-d" } },
    candidate: { gpu: address, type: TYPE, budget: undefined, lost: undefined, why: "fits", score },
  };
}

function takenText(holder: WholeGpuHolder, domain: string | undefined): string {
  switch (holder) {
    case "claim":
      return "is given to another claim";
    case "domain":
      return `is named by domain ${domain ?? ""}`;
    case "driver":
      return "is kept by its driver for a guest that vgpud does not know; SetGpuMode makes it vgpud's to give";
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
