// Slices of XenGT: what one is asked for with, and what the driver says is left.

export interface VgtSizes {
  /** In the aperture, MiB. */
  readonly lowGmMib: number;
  /** Hidden graphics memory, MiB. */
  readonly highGmMib: number;
  readonly fences: number;
}

/** The driver's whole budget and what of it is free. Guests may share high GM, so that what is free of it is no limit then. */
export interface VgtResources {
  readonly lowTotalMib: number;
  readonly lowFreeMib: number;
  readonly highTotalMib: number;
  readonly highFreeMib: number;
  readonly fencesTotal: number;
  readonly fencesFree: number;
}

/** In the order in which the driver tells them (Igvtg-kernel, vgt/aperture_gm.c). */
export const VGT_RESOURCES = [
  "lowTotalMib",
  "lowFreeMib",
  "highTotalMib",
  "highFreeMib",
  "fencesTotal",
  "fencesFree",
] as const satisfies readonly (keyof VgtResources)[];

/** How much of the time that the driver gave a slice it worked in, since anybody read that before. */
export interface VgtUtilization {
  /** The guest's. */
  readonly domid: number;
  readonly percent: number;
}

/** More than any driver makes at a time. */
export const MAX_VGT_SLICES = 64;

/** Beyond them nothing is asked of the driver: no aperture, no GTT and no GPU is that large, and no guest has such a number. */
export const VGT_BOUNDS = {
  /** 0 is the host, and those from 0x7ff0 are no guest's (Xen: public/xen.h, DOMID_FIRST_RESERVED). */
  domid: { from: 1, to: 0x7fef },
  lowGmMib: { from: 1, to: 4096 },
  highGmMib: { from: 0, to: 16_384 },
  fences: { from: 1, to: 32 },
} as const;

const SIZES = ["lowGmMib", "highGmMib", "fences"] as const satisfies readonly (keyof VgtSizes)[];

/** Whether a slice of them can be asked for. */
export function areVgtSizes(sizes: VgtSizes): boolean {
  return SIZES.every((name) => {
    const { from, to } = VGT_BOUNDS[name];
    return Number.isInteger(sizes[name]) && sizes[name] >= from && sizes[name] <= to;
  });
}
