// The vGPU types of GVT-g, the same in the kernels 5.10 to 7.1 (drivers/gpu/drm/i915/gvt/vgpu.c, vgpu_types): for everybody who
// has to know what sizes there are without a GPU that shows it. Pure.

interface KnownType {
  /** What the name ends with. */
  readonly suffix: string;
  /** GM in MiB. */
  readonly sizes: { readonly lowGmMib: number; readonly highGmMib: number; readonly fences: number };
}

/** The smallest first. */
export const KNOWN_TYPES: readonly KnownType[] = [
  { suffix: "8", sizes: { lowGmMib: 64, highGmMib: 384, fences: 4 } },
  { suffix: "4", sizes: { lowGmMib: 128, highGmMib: 512, fences: 4 } },
  { suffix: "2", sizes: { lowGmMib: 256, highGmMib: 1024, fences: 4 } },
  { suffix: "1", sizes: { lowGmMib: 512, highGmMib: 2048, fences: 4 } },
];
