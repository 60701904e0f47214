// What of a GPU's free memory is in one piece: an estimate from where its slices may lie, and what the kernel has refused. Pure.
import type { GmSizes, Layout, Range } from "../inventory/memory.ts";
import type { VgpuId } from "../core/ids.ts";
import type { Gpu } from "../inventory/model.ts";
import { largestPiece, piecesLeft, type Space } from "./address-ranges.ts";
import type { Endowment, Holding } from "./budget.ts";
import { different, groundOf, MAX_LAYOUTS, placed, spaceOf, type Ground, type Newcomer } from "./layouts.ts";

/** For a decision or a plan, after the GPU's address: what its sums promise its pieces may not hold. */
export const IN_PIECES = "has room in sum and perhaps in no one piece; the kernel may refuse";

export interface Fragmentation {
  /**
   * The largest piece of each part: at least so much, if the host's windows are where they are thought to be. Undefined while
   * it is not known where the slices lie.
   */
  readonly largest: GmSizes | undefined;
  /** How many more slices of these sizes find room in one piece each; infinite when nothing speaks against any number. */
  room(sizes: GmSizes): number;
  /** Whether the kernel has lately refused one of these sizes, or a smaller one, for want of a piece. */
  refused(sizes: GmSizes): boolean;
}

/** Undefined when the ways become too many to be knowledge. One that finds no piece takes none. */
function waysWith(
  ground: Ground,
  layouts: readonly Layout[],
  promised: readonly Newcomer[],
): readonly Layout[] | undefined {
  let ways: readonly Layout[] | undefined = layouts;
  for (const next of promised)
    ways =
      ways &&
      fewEnough(
        different(
          ways.flatMap((way) => {
            const then = placed(ground, way, next);
            return then.length > 0 ? then : [way];
          }),
        ),
      );
  return ways;
}

function fewEnough(ways: readonly Layout[]): readonly Layout[] | undefined {
  return ways.length > MAX_LAYOUTS ? undefined : ways;
}

/** `holdings` are all that take room on the GPU: those that the kernel does not show yet are placed after the others, in their order. */
export function fragmentationOf(gpu: Gpu, endowment: Endowment, holdings: readonly Holding[]): Fragmentation {
  const refusal = gpu.memory?.refusal?.sizes;
  const refused = (sizes: GmSizes): boolean => refusal !== undefined && isAsLarge(sizes, refusal);
  const pieces = piecesOf(gpu, endowment, holdings);
  // A kernel that refuses what should fit shows that the host's windows lie elsewhere.
  const believed = pieces && (!refusal || pieces.room(refusal) === 0) ? pieces : undefined;
  return {
    largest: believed?.largest,
    room: (sizes) => (refused(sizes) ? 0 : (believed?.room(sizes) ?? Infinity)),
    refused,
  };
}

/**
 * How many of some slices, made in this order beside the holdings, find a piece each in whatever way the holdings lie; all of
 * them where nothing is known of that.
 */
export function findingPieces(
  gpu: Gpu,
  { endowment, holdings }: { readonly endowment: Endowment; readonly holdings: readonly Holding[] },
  next: readonly GmSizes[],
): number {
  const ground = groundOf(endowment);
  let ways = waysOf(gpu, ground, holdings);
  if (!ways) return next.length;
  for (const [made, sizes] of next.entries()) {
    const then = ways.map((way) => placed(ground, way, { id: plannedId(made), sizes }));
    if (then.some((places) => places.length === 0)) return made;
    ways = fewEnough(different(then.flat()));
    // It is found, and of those that follow nobody can say.
    if (!ways) return made + 1;
  }
  return next.length;
}

/** Of a slice that is planned only: no UUID, so that none that exists has it. */
function plannedId(nth: number): VgpuId {
  return `planned-${nth}` as VgpuId;
}

export function isAsLarge(sizes: GmSizes, others: GmSizes): boolean {
  return sizes.lowGmMib >= others.lowGmMib && sizes.highGmMib >= others.highGmMib;
}

interface Pieces {
  readonly largest: GmSizes;
  room(sizes: GmSizes): number;
}

/** Where the holdings may lie; undefined while that is not known. */
function waysOf(gpu: Gpu, ground: Ground, holdings: readonly Holding[]): readonly Layout[] | undefined {
  const { layouts, countsAgree } = gpu.memory ?? {};
  if (!layouts || countsAgree !== true) return undefined;
  // All layouts are of the same slices.
  const promised = holdings
    .filter(({ vgpuId }) => layouts[0]?.has(vgpuId) === false)
    .map(({ vgpuId: id, sizes }) => ({ id, sizes }));
  return waysWith(ground, layouts, promised);
}

function piecesOf(gpu: Gpu, endowment: Endowment, holdings: readonly Holding[]): Pieces | undefined {
  const ground = groundOf(endowment);
  const spaces = waysOf(gpu, ground, holdings)?.map((way) => spaceOf(ground, way));
  if (!spaces) return undefined;
  const least = (of: (space: Space) => number): number => Math.min(...spaces.map(of));
  const pieces = (space: Space, window: Range, size: number): number =>
    size === 0 ? Infinity : piecesLeft(space, window, size);
  return {
    largest: {
      lowGmMib: least((space) => largestPiece(space, ground.aperture)),
      highGmMib: least((space) => largestPiece(space, ground.hidden)),
    },
    room: ({ lowGmMib, highGmMib }) =>
      least((space) =>
        Math.min(pieces(space, ground.aperture, lowGmMib), pieces(space, ground.hidden, highGmMib)),
      ),
  };
}
