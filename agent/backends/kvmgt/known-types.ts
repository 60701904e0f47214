// The vGPU types of GVT-g, which are the same in 5.10 to 7.1 and on every generation (kernel drivers/gpu/drm/i915/gvt/vgpu.c).
import type { SliceSizes } from "../../inventory/model.ts";

interface KnownType {
  /** What the name ends with. */
  readonly suffix: string;
  readonly sizes: SliceSizes;
}

/** The smallest first. */
export const KNOWN_TYPES: readonly KnownType[] = [
  { suffix: "8", sizes: { lowGmMib: 64, highGmMib: 384, fences: 4 } },
  { suffix: "4", sizes: { lowGmMib: 128, highGmMib: 512, fences: 4 } },
  { suffix: "2", sizes: { lowGmMib: 256, highGmMib: 1024, fences: 4 } },
  { suffix: "1", sizes: { lowGmMib: 512, highGmMib: 2048, fences: 4 } },
];

/** What a type takes by its name, `i915-GVTg_V5_4`; undefined for one that is not GVT-g's. */
export function sizesByName(name: string): SliceSizes | undefined {
  const suffix = /^i915-GVTg_V[45]_(\d)$/.exec(name)?.[1];
  return KNOWN_TYPES.find((type) => type.suffix === suffix)?.sizes;
}
