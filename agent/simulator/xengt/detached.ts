// XenGT of 2015 and 2016, a driver beside i915 (Igvtg-kernel, vgt/aperture_gm.c, vgt/sysfs.c): slices of any size. Low GM and fences
// are handed out in one piece each, at the lowest place with room; high GM is shared by the guests, apart from the host's own.
import type { GpuDescription } from "../host-description.ts";
import type { VgtDriver, VgtErrno, VgtSlice } from "./driver.ts";
import { readLine, type Wish } from "./line.ts";

/** The defaults of dom0_low_gm_sz, dom0_high_gm_sz and dom0_fence_sz, MiB and a count. */
const HOST_LOW_MIB = 96;
const HOST_HIGH_MIB = 384;
const HOST_FENCES = 4;
/** VGT_RSVD_APERTURE_SZ: the end of the aperture. */
const RESERVED_LOW_MIB = 32;
const FENCES = 32;
/** VGT_HIGHGM_SLOT_SZ: of high GM a slice gets whole slots. */
const SLOT_MIB = 64;
/** VGT_MAX_VMS without the host; on Haswell VGT_MAX_VMS_HSW. */
const MAX_SLICES = 7;
const MAX_SLICES_HASWELL = 3;
const WORD_BITS = 32;

const HASWELL = /^0[4acd][0-3][0-9a-f]$/;
/** Broadwell, and in 2016 Skylake. */
const LATER = /^(16|19)[0-3][0-9a-f]$/;

interface Piece {
  readonly start: number;
  readonly size: number;
}

type Owned = VgtSlice & { readonly fenceStart: number };

export class DetachedVgt implements VgtDriver {
  readonly gpu: GpuDescription;
  readonly generation = "2015";
  readonly #slices = new Map<number, Owned>();

  constructor(gpu: GpuDescription) {
    this.gpu = gpu;
  }

  static drives({ device }: GpuDescription): boolean {
    return HASWELL.test(device) || LATER.test(device);
  }

  get slices(): readonly VgtSlice[] {
    return [...this.#slices.values()];
  }

  /** Totals and what is free, MiB and counts; then a bit for each MiB of GM and for each fence. */
  get resources(): string {
    const { aperture_mib: low, ggtt_mib: all } = this.gpu;
    const used = (pieces: readonly Piece[]): number => pieces.reduce((sum, { size }) => sum + size, 0);
    const figures = [
      ...[low, low - used(this.#lowPieces())],
      // What the guests share counts as free.
      ...[all - low, all - low - HOST_HIGH_MIB],
      ...[FENCES, FENCES - used(this.#fencePieces())],
    ];
    const gm = [...this.#lowPieces(), { start: low, size: HOST_HIGH_MIB }];
    return [
      figures.map((figure) => `0x${figure.toString(16).padStart(8, "0")}`).join(", "),
      bitmap(all, gm),
      bitmap(FENCES, this.#fencePieces()),
      "",
    ].join("\n");
  }

  write(text: string): VgtErrno | undefined {
    const line = readLine(text);
    if (line.kind === "wrong") return "EINVAL";
    if (line.kind === "make") return this.#make(line.wish);
    return this.#slices.delete(line.domid) ? undefined : "ENODEV";
  }

  #make({ domid, lowMib, highMib, fences }: Wish): VgtErrno | undefined {
    if (this.#slices.has(domid)) return "EINVAL";
    const number = this.#freeNumber();
    if (number === undefined) return "ENOSPC";
    const { aperture_mib: low, ggtt_mib: all } = this.gpu;
    const lowStartMib = lowestPlace(this.#lowPieces(), { size: lowMib, end: low });
    const fenceStart = lowestPlace(this.#fencePieces(), { size: fences, end: FENCES });
    const slots = Math.ceil(highMib / SLOT_MIB);
    const hasHigh = slots <= Math.floor((all - low - HOST_HIGH_MIB) / SLOT_MIB);
    if (lowStartMib === undefined || !hasHigh || fenceStart === undefined) return "ENOMEM";
    this.#slices.set(domid, { domid, number, lowMib, highMib, fences, lowStartMib, fenceStart });
    return undefined;
  }

  #freeNumber(): number | undefined {
    const most = HASWELL.test(this.gpu.device) ? MAX_SLICES_HASWELL : MAX_SLICES;
    const taken = new Set([...this.#slices.values()].map(({ number }) => number));
    return Array.from({ length: most }, (_, index) => index + 1).find((number) => !taken.has(number));
  }

  #lowPieces(): readonly Piece[] {
    return [
      { start: 0, size: HOST_LOW_MIB },
      { start: this.gpu.aperture_mib - RESERVED_LOW_MIB, size: RESERVED_LOW_MIB },
      ...[...this.#slices.values()].map(({ lowStartMib, lowMib }) => ({ start: lowStartMib, size: lowMib })),
    ];
  }

  #fencePieces(): readonly Piece[] {
    return [
      { start: 0, size: HOST_FENCES },
      ...[...this.#slices.values()].map(({ fenceStart, fences }) => ({ start: fenceStart, size: fences })),
    ];
  }
}

/** bitmap_find_next_zero_area. */
function lowestPlace(
  taken: readonly Piece[],
  { size, end }: { readonly size: number; readonly end: number },
): number | undefined {
  let start = 0;
  for (const piece of taken.toSorted((a, b) => a.start - b.start)) {
    if (piece.start - start >= size) break;
    start = Math.max(start, piece.start + piece.size);
  }
  return end - start >= size ? start : undefined;
}

/** As `%*pb` prints it: words of 32 bits, the highest first. */
function bitmap(bits: number, set: readonly Piece[]): string {
  const words = Array.from({ length: Math.ceil(bits / WORD_BITS) }, () => 0);
  for (const { start, size } of set)
    for (let bit = start; bit < start + size; bit += 1) {
      const word = Math.floor(bit / WORD_BITS);
      words[word] = (words[word] ?? 0) + 2 ** (bit % WORD_BITS);
    }
  return words
    .toReversed()
    .map((word) => word.toString(16).padStart(8, "0"))
    .join(",");
}
