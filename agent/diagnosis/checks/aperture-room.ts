// How many slices of each size GVT-g makes with an aperture of a size that firmware offers: kernel gvt/vgpu.c and gvt/gvt.h, with
// a graphics address space of 4 GiB.

/** Sizes in MiB, by what the type's name ends with. */
const TYPES = [
  { suffix: "_8", low: 64, high: 384 },
  { suffix: "_4", low: 128, high: 512 },
  { suffix: "_2", low: 256, high: 1024 },
  { suffix: "_1", low: 512, high: 2048 },
] as const;
const GGTT_MIB = 4096;
const HOST = { low: 128, high: 384 };
const MAX_VGPUS = 7;

/** The largest power of two with the most room; more aperture leaves less of the hidden part. */
export const BEST_APERTURE_MIB = 1024;

/** `2 × _8 or 1 × _4`; empty when there is room for none. */
export function roomWith(apertureMib: number): string {
  return TYPES.map(({ suffix, low, high }) => {
    const byLow = Math.floor((apertureMib - HOST.low) / low);
    const byHigh = Math.floor((GGTT_MIB - apertureMib - HOST.high) / high);
    return { suffix, count: Math.min(byLow, byHigh, MAX_VGPUS) };
  })
    .filter(({ count }) => count > 0)
    .map(({ suffix, count }) => `${count} × ${suffix}`)
    .join(", ");
}
