// What the agent's accounts say is wrong with the room on a GPU: what no file of the host tells alone.
import type { PciAddress, VgpuId } from "../core/ids.ts";
import type { GmSizes } from "../inventory/memory.ts";
import type { SliceSizes } from "../inventory/share.ts";

export interface Room {
  /** Whether its slices, where it is in mode gvt-g, are XenGT's, of which the kernel counts elsewhere. */
  readonly xengt: boolean;
  /** Types of which the kernel would make another number than our arithmetic, from the slices that exist. */
  readonly disagreements: readonly Disagreement[];
  /** What was given away beyond what there is, by our arithmetic. */
  readonly overcommitted: readonly Overcommitted[];
  /** vGPUs of others of which nothing tells how much they take: they count as one each, and as no memory. */
  readonly unsized: readonly VgpuId[];
  /** Types that have room in sum and in no one piece. */
  readonly fragmented: readonly Fragmented[];
  /** The largest piece of each part, an estimate; undefined while it is not known where slices lie. */
  readonly largestFree: GmSizes | undefined;
}

/** By the GPU's address; a GPU that offers no slices has none. */
export type Rooms = ReadonlyMap<PciAddress, Room>;

export interface Disagreement {
  readonly type: string;
  readonly ours: number;
  readonly kernel: number;
  /** The host's share is larger than a part of the memory: the kernel's unsigned arithmetic goes below 0 and wraps around. */
  readonly wraps: boolean;
}

export interface Overcommitted {
  readonly part: keyof SliceSizes;
  /** MiB, or fences. */
  readonly by: number;
}

export interface Fragmented {
  readonly type: string;
  /** How many would fit if what is free were in one piece. */
  readonly inSum: number;
  readonly kernel: number;
  /** The kernel has refused one; otherwise it is our estimate. */
  readonly refused: boolean;
}
