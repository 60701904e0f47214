// One GPU's share-out as i915 computes it: a single budget for all types, C integer widths included.
import { AddressSpace, type Range } from "./address-space.ts";
import { gvtTypes, type GvtType } from "./gvt-types.ts";

// Kernel gvt/gvt.h: HOST_LOW_GM_SIZE, HOST_HIGH_GM_SIZE, HOST_FENCE; ids from 1 up to but excluding GVT_MAX_VGPU.
const HOST_LOW_MIB = 128;
const HOST_HIGH_MIB = 384;
const HOST_FENCES = 4;
const FENCES = 32;
const IDS = [1, 2, 3, 4, 5, 6, 7] as const;
const MIB = 1_048_576n;

export interface GvtSizes {
  /** PCI device id, four hex digits. */
  readonly device: string;
  readonly apertureMib: number;
  readonly ggttMib: number;
  /** Pieces of the graphics address space that the host uses beyond the reserve, in MiB: a desktop's framebuffers. */
  readonly hostRanges: readonly Range[];
  /** Up to 5.x the count was kept, not computed, and its first value forgot the fences (gvt/vgpu.c). */
  readonly countsFencesAtFirst: boolean;
}

/** What one vGPU holds. */
export interface Allocation {
  readonly id: number;
  readonly type: GvtType;
  readonly low: Range;
  readonly high: Range;
}

export class GvtResources {
  readonly types: readonly GvtType[];
  readonly #sizes: GvtSizes;
  readonly #space: AddressSpace;
  readonly #taken = new Set<Allocation>();
  #everChanged = false;

  constructor(sizes: GvtSizes) {
    const { apertureMib, ggttMib, hostRanges, device } = sizes;
    this.#sizes = sizes;
    // The reserve is no range but what alloc_resource does not give away. This host uses it all: low for what its display
    // shows, high for rings and contexts, which are pinned at the top (gt/intel_ring.c).
    const high = Math.max(apertureMib, ggttMib - HOST_HIGH_MIB);
    this.#space = new AddressSpace(ggttMib, [
      { start: 0, size: HOST_LOW_MIB },
      { start: high, size: ggttMib - high },
      ...hostRanges,
    ]);
    this.types = this.#listed(gvtTypes(device));
  }

  /** What `available_instances` shows: `unsigned int` arithmetic in bytes, which wraps for an aperture of 4 GiB. */
  availableInstances(type: GvtType): number {
    const { apertureMib, ggttMib } = this.#sizes;
    const low = u32(apertureMib - HOST_LOW_MIB - this.#sum((of) => of.lowMib)) / u32(type.lowMib);
    const high =
      u32(ggttMib - apertureMib - HOST_HIGH_MIB - this.#sum((of) => of.highMib)) / u32(type.highMib);
    const fences = Math.floor((FENCES - HOST_FENCES - this.#sum((of) => of.fences)) / type.fences);
    const withoutFences = Number(low < high ? low : high);
    const countsFences = this.#sizes.countsFencesAtFirst || this.#everChanged;
    return countsFences ? Math.min(withoutFences, fences) : withoutFences;
  }

  /** Allocates as vgpu_create does: an id, the three budgets, then real address ranges; undefined stands for ENOSPC. */
  allocate(type: GvtType): Allocation | undefined {
    const id = IDS.find((candidate) => [...this.#taken].every((taken) => taken.id !== candidate));
    if (id === undefined || !this.#withinBudget(type)) return undefined;
    const { apertureMib, ggttMib } = this.#sizes;
    // aperture_gm.c, alloc_gm: PIN_MAPPABLE for the part in the aperture, PIN_HIGH for the hidden one.
    const low = this.#space.takeLowest(type.lowMib, { from: 0, to: apertureMib });
    if (low === undefined) return undefined;
    const high = this.#space.takeHighest(type.highMib, { from: apertureMib, to: ggttMib });
    if (high === undefined) {
      this.#space.release(low);
      return undefined;
    }
    const allocation = { id, type, low, high };
    this.#taken.add(allocation);
    this.#everChanged = true;
    return allocation;
  }

  release(allocation: Allocation): void {
    this.#taken.delete(allocation);
    this.#space.release(allocation.low);
    this.#space.release(allocation.high);
  }

  /** Listing stops at the first type that does not fit (intel_gvt_init_vgpu_types). */
  #listed(types: readonly GvtType[]): readonly GvtType[] {
    const available = u32(this.#sizes.apertureMib - HOST_LOW_MIB);
    const tooLarge = types.findIndex((type) => available < u32(type.lowMib));
    return tooLarge < 0 ? types : types.slice(0, tooLarge);
  }

  /** alloc_resource compares `unsigned long`: a negative remainder is a huge one, and only the ranges refuse then. */
  #withinBudget(type: GvtType): boolean {
    const { apertureMib, ggttMib } = this.#sizes;
    return (
      u64(type.lowMib) <= u64(apertureMib - HOST_LOW_MIB - this.#sum((of) => of.lowMib)) &&
      u64(type.highMib) <= u64(ggttMib - apertureMib - HOST_HIGH_MIB - this.#sum((of) => of.highMib)) &&
      type.fences <= FENCES - HOST_FENCES - this.#sum((of) => of.fences)
    );
  }

  #sum(size: (type: GvtType) => number): number {
    return [...this.#taken].reduce((sum, { type }) => sum + size(type), 0);
  }
}

/** Bytes in a C `unsigned int`. */
function u32(mib: number): bigint {
  return BigInt.asUintN(32, BigInt(mib) * MIB);
}

/** Bytes in a C `unsigned long`. */
function u64(mib: number): bigint {
  return BigInt.asUintN(64, BigInt(mib) * MIB);
}
