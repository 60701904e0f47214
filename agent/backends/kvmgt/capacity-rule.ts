// What GVT-g can give out of one GPU, and what the kernel says that it can: the two are not the same. The rule is one in 5.10,
// 6.1, 6.12 and 7.1 (kernel drivers/gpu/drm/i915/gvt: gvt.h, vgpu.c, aperture_gm.c, kvmgt.c); how it is counted is not. Pure.
import type { Amounts, CapacityRule, Endowment } from "../../capacity/budget.ts";
import { GGTT_SIZES, HOST_SHARE, MAX_VGPUS } from "../../inventory/gvt-g.ts";
import type { SliceSizes } from "../../inventory/share.ts";

const hostShare: Amounts = { ...HOST_SHARE, instances: 0 };

/** I915_MAX_NUM_FENCES of the generations GVT-g supports. */
const FENCES = 32;
/**
 * gvt.h: the aperture is the mappable part of the GGTT (gvt_aperture_sz), the rest is hidden (gvt_hidden_sz). The GGTT is taken
 * for the largest there is unless the counts of an empty GPU show that it is smaller (memory.ts).
 */
export const gvtgCapacity: CapacityRule = ({ apertureMib, memory }) => {
  if (apertureMib === undefined) return undefined;
  const total = {
    lowGmMib: apertureMib,
    highGmMib: Math.max(0, (memory?.ggttMib ?? GGTT_SIZES[0]) - apertureMib),
    fences: FENCES,
    instances: MAX_VGPUS,
  };
  return { total, host: hostShare };
};

/**
 * What `available_instances` may show beside slices of these sizes. From 6.1 on it is computed at each read (kvmgt.c,
 * intel_vgpu_get_available); before, it was kept from the last change (vgpu.c, intel_gvt_update_vgpu_types), and the value
 * that it began with left out the fences (intel_gvt_init_vgpu_types): an empty GPU shows either.
 */
export function kernelCounts(
  { total, host }: Endowment,
  taken: readonly SliceSizes[],
  sizes: SliceSizes,
  kernelRelease: string,
): number[] {
  const left = (part: keyof SliceSizes): number =>
    total[part] - host[part] - taken.reduce((sum, slice) => sum + slice[part], 0);
  const memory = Math.min(
    pieces(left("lowGmMib"), sizes.lowGmMib),
    pieces(left("highGmMib"), sizes.highGmMib),
  );
  const count = Math.min(memory, pieces(left("fences"), sizes.fences));
  return taken.length === 0 && isKept(kernelRelease) ? [count, memory] : [count];
}

/** Bytes in an `unsigned int`: what is negative, as behind an aperture of 4 GiB, wraps around to almost 4 GiB. */
function pieces(left: number, size: number): number {
  const wrapped = left < 0 ? left + U32_MIB : left;
  return size === 0 ? Infinity : Math.floor(wrapped / size);
}

const U32_MIB = 4096;

function isKept(kernelRelease: string): boolean {
  const [major = 0, minor = 0] = kernelRelease.split(/[.-]/).map(Number);
  return major < 6 || (major === 6 && minor < 1);
}
