// Which vGPU types GVT-g would list with another aperture (kernel drivers/gpu/drm/i915/gvt/vgpu.c, intel_gvt_init_vgpu_types; the
// same in 5.10 to 7.1): from the smallest on, up to the first of which not even one fits beside the host's share of the aperture.
// Whether one could really be made is for the capacity rule to say: of 4 GiB the kernel lists all, and can make none.
import type { OfferedType, TypesRule } from "../../capacity/plan/suppose.ts";
import { KNOWN_TYPES } from "../../core/gvtg-types.ts";
import { HOST_SHARE, typesVersionOf } from "../../inventory/gvt-g.ts";
import { platformOf } from "../../inventory/platforms.ts";
import type { Gpu } from "../../inventory/model.ts";

/** None for a GPU on which GVT-g is not at work now: another aperture does not change that. */
export const gvtgTypesAt: TypesRule = (gpu, apertureMib) => {
  const prefix = prefixOf(gpu);
  return prefix === undefined ? [] : listed(prefix, apertureMib);
};

function listed(prefix: string, apertureMib: number): OfferedType[] {
  const end = KNOWN_TYPES.findIndex(({ sizes }) => apertureMib - HOST_SHARE.lowGmMib < sizes.lowGmMib);
  return KNOWN_TYPES.slice(0, end === -1 ? KNOWN_TYPES.length : end).map(({ suffix, sizes }) => ({
    name: `${prefix}${suffix}`,
    sizes,
  }));
}

/** A GPU lists no types when GVT-g is off, and when its aperture is too small for any: only of the latter it may be on. */
function prefixOf({ types, deviceId, driver, apertureMib }: Gpu): string | undefined {
  const [first] = types;
  if (first) return /^(.+_)\d$/.exec(first.name)?.[1];
  const tooSmall = apertureMib !== undefined && listed("", apertureMib).length === 0;
  const version =
    tooSmall && driver === "i915" ? typesVersionOf(platformOf(deviceId)?.name ?? "") : undefined;
  return version && `i915-GVTg_${version}_`;
}
