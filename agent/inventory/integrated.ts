// A processor's own graphics, which differ from a card's in how they can be given away.
import type { PciAddress } from "../core/ids.ts";

/** Where they are on every platform (QEMU docs/igd-assign.txt; kernel drivers/gpu/drm/i915). */
export const INTEGRATED = "0000:00:02.0";

export function isIntegrated(gpu: PciAddress): boolean {
  return gpu === INTEGRATED;
}
