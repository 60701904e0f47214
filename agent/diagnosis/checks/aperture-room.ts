// How many slices of each size GVT-g makes on an empty GPU with an aperture of a size that firmware offers, where the graphics
// address space has its usual size: in words, for advice. What a GPU has left is capacity's to say.
import { KNOWN_TYPES } from "../../core/gvtg-types.ts";
import { GGTT_SIZES, HOST_SHARE, MAX_VGPUS } from "../../inventory/gvt-g.ts";

const [GGTT_MIB] = GGTT_SIZES;

/** The largest power of two with the most room; more aperture leaves less of the hidden part. */
export const BEST_APERTURE_MIB = 1024;

/** `2 × _8, 1 × _4`; empty when there is room for none. */
export function roomWith(apertureMib: number): string {
  return KNOWN_TYPES.map(({ suffix, sizes }) => {
    const byLow = Math.floor((apertureMib - HOST_SHARE.lowGmMib) / sizes.lowGmMib);
    const byHigh = Math.floor((GGTT_MIB - apertureMib - HOST_SHARE.highGmMib) / sizes.highGmMib);
    return { suffix, count: Math.min(byLow, byHigh, MAX_VGPUS) };
  })
    .filter(({ count }) => count > 0)
    .map(({ suffix, count }) => `${count} × _${suffix}`)
    .join(", ");
}
