// What XenGT can give out of one GPU. Kernels since 2017 have GVT-g's rule; those of 2015 and 2016 keep as much for the host by their
// defaults (i915.dom0_low_gm_sz 96 and 32 MiB that the driver reserves, dom0_high_gm_sz 384, dom0_fence_sz 4: vgt.c, vgt.h). Pure.
import type { CapacityRule } from "../../capacity/budget.ts";
import { GGTT_SIZES, HOST_SHARE, MAX_VGPUS } from "../../inventory/gvt-g.ts";
import { platformOf } from "../../inventory/platforms.ts";

const FENCES = 32;

/** Haswell's GTT maps half as much, and its kernels make three slices (VGT_MAX_VMS_HSW, the host's own among four). */
const HASWELL = { ggttMib: 2048, instances: 3 };

/**
 * Kernels of 2015 and 2016 let slices share high GM: what is added up here is more than they take, and never less. What is left of
 * low GM and fences by their own count bounds it too (vgt-files.ts).
 */
export const xengtCapacity: CapacityRule = ({ apertureMib, deviceId }) => {
  if (apertureMib === undefined) return undefined;
  const { ggttMib, instances } =
    platformOf(deviceId)?.name === "Haswell" ? HASWELL : { ggttMib: GGTT_SIZES[0], instances: MAX_VGPUS };
  return {
    total: {
      lowGmMib: apertureMib,
      highGmMib: Math.max(0, ggttMib - apertureMib),
      fences: FENCES,
      instances,
    },
    host: { ...HOST_SHARE, instances: 0 },
  };
};
