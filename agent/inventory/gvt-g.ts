// GVT-g as the kernel's sources have it, the same in 5.10 to 7.1 (drivers/gpu/drm/i915: intel_gvt.c, gvt/gvt.h, gvt/vgpu.c): for
// everybody who has to know it without a GPU that shows it. Pure.
import { KNOWN_TYPES } from "../core/gvtg-types.ts";
import type { SliceSizes } from "./share.ts";

/** Which table of types a GPU has: V4 for graphics version 8, V5 for all others. */
export type TypesVersion = "V4" | "V5";

/** The platforms that GVT-g drives (intel_gvt.c, is_supported_device), by their names in platforms.ts. */
const DRIVEN: ReadonlyMap<string, TypesVersion> = new Map([
  ["Broadwell", "V4"],
  ["Skylake", "V5"],
  ["Apollo Lake", "V5"],
  ["Kaby Lake", "V5"],
  ["Amber Lake", "V5"],
  ["Coffee Lake", "V5"],
  ["Whiskey Lake", "V5"],
  ["Comet Lake", "V5"],
]);

/** Undefined for a platform that GVT-g does not drive. */
export function typesVersionOf(platformName: string): TypesVersion | undefined {
  return DRIVEN.get(platformName);
}

/** What a type takes by its name, `i915-GVTg_V5_4`; undefined for one that is not GVT-g's. */
export function sizesByName(name: string): SliceSizes | undefined {
  const suffix = /^i915-GVTg_V[45]_(\d)$/.exec(name)?.[1];
  return KNOWN_TYPES.find((type) => type.suffix === suffix)?.sizes;
}

/** gvt.h: HOST_LOW_GM_SIZE, HOST_HIGH_GM_SIZE, HOST_FENCE, whatever the host uses in truth. */
export const HOST_SHARE: SliceSizes = { lowGmMib: 128, highGmMib: 384, fences: 4 };

/** vgpu.c, idr_alloc: ids from 1 up to but excluding GVT_MAX_VGPU, 8. */
export const MAX_VGPUS = 7;

/**
 * What the global GTT may map, MiB, by the 8, 4 or 2 MiB of page table that the firmware gave it (gt/intel_ggtt.c,
 * gen8_gmch_probe), the largest first. Which it is stands in config space that only root may read.
 */
export const GGTT_SIZES = [4096, 2048, 1024] as const;
