// What a vGPU has of its GPU, by the mode that the GPU is shared in. Plain readonly data.
import type { SliceSizes } from "./model.ts";

/** A slice of GVT-g: one of a type, which takes its sizes from what all types share. */
export interface SliceShare {
  readonly mode: "gvt-g";
  /** The kernel's directory name: `i915-GVTg_V5_4`. */
  readonly type: string;
  readonly sizes: SliceSizes;
}

export type Share = SliceShare;

/** The name that a type is asked for and shown by. */
export function typeOf(share: Share): string {
  return share.type;
}
