// What earlier looks tell of a GPU beside what it shows now: the kernel says neither how large its graphics address space is
// nor where its slices lie. Plain readonly data, carried from one view to the next.
import type { VgpuId } from "../core/ids.ts";

/** An amount of each part of the graphics memory, MiB. */
export interface GmSizes {
  readonly lowGmMib: number;
  readonly highGmMib: number;
}

/** Graphics addresses, MiB: from `start` up to but excluding `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Where one slice lies. */
export interface Place {
  readonly low: Range;
  readonly high: Range;
}

/** One way in which all slices of a GPU may lie. */
export type Layout = ReadonlyMap<VgpuId, Place>;

/** The kernel had room in sum and found no range in one piece: old news once a slice of the GPU has gone. */
export interface Refusal {
  readonly sizes: GmSizes;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface GpuMemory {
  /** Size of the graphics address space that the kernel's counts fit; undefined while none of this boot did. */
  readonly ggttMib: number | undefined;
  /** Every way in which the slices may lie; undefined when that is not known, as of slices older than the agent. */
  readonly layouts: readonly Layout[] | undefined;
  /** Whether the kernel counts as if it had these slices and no others: a leaked one leaves no other trace. */
  readonly countsAgree: boolean;
  /** The latest that still holds. */
  readonly refusal: Refusal | undefined;
}
