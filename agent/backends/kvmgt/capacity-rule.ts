// What GVT-g can give out of one GPU (kernel drivers/gpu/drm/i915/gvt: gvt.h, vgpu.c, aperture_gm.c; the same in 5.10 to 7.1).
import type { Amounts, CapacityRule } from "../../capacity/budget.ts";

/** What the driver keeps for the host: HOST_LOW_GM_SIZE, HOST_HIGH_GM_SIZE, HOST_FENCE. */
const hostShare: Amounts = { lowGmMib: 128, highGmMib: 384, fences: 4, instances: 0 };

/** I915_MAX_NUM_FENCES of the generations GVT-g supports. */
const FENCES = 32;
/** GVT_MAX_VGPU is 8 and ids start at 1. */
const VGPUS = 7;
/**
 * The global GTT maps 4 GiB unless the firmware made it smaller (GGMS in config space, which only root may read).
 * Where it did, the kernel's own count is lower than ours; both must allow a create, and the difference is a condition.
 */
const GGTT_MIB = 4096;

export const gvtgCapacity: CapacityRule = ({ apertureMib }) => {
  if (apertureMib === undefined) return undefined;
  const total = {
    lowGmMib: apertureMib,
    highGmMib: Math.max(0, GGTT_MIB - apertureMib),
    fences: FENCES,
    instances: VGPUS,
  };
  return { total, host: hostShare };
};
