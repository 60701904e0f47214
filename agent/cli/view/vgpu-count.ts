// How many vGPUs a GPU has of how many that it may have, in whichever mode it is.
import { Mode, type Gpu } from "../../../proto/gen/vgpud/v1/gpu.ts";

export interface VgpuCount {
  readonly used: number;
  readonly total: number;
}

/** Undefined for a GPU that is not shared, and while it is not known. */
export function vgpuCount({ mode, budget, seats, whole, virtualFunctions }: Gpu): VgpuCount | undefined {
  switch (mode) {
    case Mode.GVT_S:
      return counted(seats, seats?.total);
    case Mode.GVT_D:
      return counted(whole, 1);
    case Mode.SRIOV:
      return counted(virtualFunctions, virtualFunctions?.enabled);
    case Mode.GVT_G:
    case Mode.UNSPECIFIED:
    case Mode.UNRECOGNIZED:
      return budget?.used && budget.total && { used: budget.used.instances, total: budget.total.instances };
  }
}

interface Taken {
  readonly usedOwn?: number | undefined;
  readonly usedForeign?: number | undefined;
}

function counted({ usedOwn, usedForeign }: Taken = {}, total: number | undefined): VgpuCount | undefined {
  if (usedOwn === undefined || usedForeign === undefined || total === undefined) return undefined;
  return { used: usedOwn + usedForeign, total };
}
