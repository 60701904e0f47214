// How the kernel hands out ranges of one address space: drm_mm, in the two modes that GVT-g's ranges are asked for.
// Kernel drivers/gpu/drm/drm_mm.c: drm_mm_insert_node_in_range; i915/i915_gem_gtt.c: i915_gem_gtt_insert. Pure; MiB.
import type { Range } from "../inventory/memory.ts";

/** An address space that begins at 0. */
export interface Space {
  readonly end: number;
  /** By ascending start, never overlapping. */
  readonly used: readonly Range[];
}

function sizeOf({ start, end }: Range): number {
  return Math.max(0, end - start);
}

/** What both have in common. */
function within(range: Range, window: Range): Range {
  return { start: Math.max(range.start, window.start), end: Math.min(range.end, window.end) };
}

/** What is free, by ascending start. */
export function holesOf({ end, used }: Space): Range[] {
  const starts = [0, ...used.map((range) => range.end)];
  const ends = [...used.map((range) => range.start), end];
  return starts
    .map((start, index) => ({ start, end: ends[index] ?? end }))
    .filter((hole) => sizeOf(hole) > 0);
}

/** The space once a range of it, which was free, is used. */
export function taking({ end, used }: Space, range: Range): Space {
  return { end, used: [...used, range].sort((a, b) => a.start - b.start) };
}

/** DRM_MM_INSERT_LOW: at the start of the lowest hole that has room inside the window; undefined without one. */
export function lowestPlace(space: Space, window: Range, size: number): Range | undefined {
  const [hole] = roomy(holesOf(space), window, size);
  return hole && atStart(hole, window, size);
}

/**
 * DRM_MM_INSERT_HIGHEST, with DRM_MM_INSERT_BEST after it. The first looks at one hole, the highest; in newer kernels its search
 * passes over holes that are too small, as far as the shape of a tree lets it. Where that hole has no room it is the
 * smallest that has, counted in full even where it reaches out of the window. All places that may come of it.
 */
export function highestPlaces(space: Space, window: Range, size: number): Range[] {
  const holes = holesOf(space);
  const rooms = roomy(holes, window, size);
  const highest = holes.at(-1);
  if (!highest || rooms.length === 0) return [];
  if (rooms.includes(highest)) return [atEnd(highest, window, size)];
  const smallest = Math.min(...rooms.map(sizeOf));
  const best = rooms.filter((hole) => sizeOf(hole) === smallest).map((hole) => atStart(hole, window, size));
  const passedTo = holes.findLast((hole) => sizeOf(hole) >= size);
  if (!passedTo || !rooms.includes(passedTo)) return best;
  const place = atEnd(passedTo, window, size);
  return best.some(({ start }) => start === place.start) ? best : [...best, place];
}

/** Of what is free inside the window, the largest that is in one piece. */
export function largestPiece(space: Space, window: Range): number {
  return Math.max(0, ...holesOf(space).map((hole) => sizeOf(within(hole, window))));
}

/** How many pieces of one size the window still has. */
export function piecesLeft(space: Space, window: Range, size: number): number {
  return holesOf(space).reduce((sum, hole) => sum + Math.floor(sizeOf(within(hole, window)) / size), 0);
}

function roomy(holes: readonly Range[], window: Range, size: number): Range[] {
  return holes.filter((hole) => sizeOf(within(hole, window)) >= size);
}

function atStart(hole: Range, window: Range, size: number): Range {
  const { start } = within(hole, window);
  return { start, end: start + size };
}

function atEnd(hole: Range, window: Range, size: number): Range {
  const { end } = within(hole, window);
  return { start: end - size, end };
}
