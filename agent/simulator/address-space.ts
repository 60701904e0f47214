// The graphics address space as drm_mm hands it out: where it becomes fragmented, it does so by itself. Kernel
// drivers/gpu/drm/drm_mm.c; i915/i915_gem_gtt.c, i915_gem_gtt_insert, says in which mode a place is looked for.

export interface Range {
  readonly start: number;
  readonly size: number;
}

/** Where a range has to lie: from `from` up to but excluding `to`. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export class AddressSpace {
  /** In the order of their making: of two that are as large, best fit takes the younger (insert_hole_size, best_hole). */
  #holes: readonly Range[];

  /** `taken` is in use for good; what of it lies outside the space, or overlaps, is ignored. */
  constructor(size: number, taken: readonly Range[]) {
    const holes: Range[] = [];
    let end = 0;
    for (const range of taken.toSorted((a, b) => a.start - b.start)) {
      const start = Math.min(range.start, size);
      if (start > end) holes.push({ start: end, size: start - end });
      end = Math.max(end, Math.min(start + range.size, size));
    }
    if (size > end) holes.push({ start: end, size: size - end });
    this.#holes = holes;
  }

  /** PIN_MAPPABLE, DRM_MM_INSERT_LOW: the start of the lowest hole with room; undefined stands for ENOSPC. */
  takeLowest(size: number, window: Window): Range | undefined {
    const hole = this.#roomy(size, window).toSorted((a, b) => a.start - b.start)[0];
    return hole && this.#take(hole, { start: Math.max(hole.start, window.from), size });
  }

  /**
   * PIN_HIGH, DRM_MM_INSERT_HIGHEST: the end of the highest hole, and no other is looked at. Where that has no room, best fit:
   * the start of the smallest hole with room, counted as it is, in the window or not.
   */
  takeHighest(size: number, window: Window): Range | undefined {
    const roomy = this.#roomy(size, window);
    const top = Math.max(...this.#holes.map(({ start }) => start));
    const highest = roomy.find(({ start }) => start === top);
    if (highest) {
      const end = Math.min(highest.start + highest.size, window.to);
      return this.#take(highest, { start: end - size, size });
    }
    const smallest = Math.min(...roomy.map((hole) => hole.size));
    const best = roomy.findLast((hole) => hole.size === smallest);
    return best && this.#take(best, { start: Math.max(best.start, window.from), size });
  }

  release({ start, size }: Range): void {
    const end = start + size;
    const below = this.#holes.find((hole) => hole.start + hole.size === start);
    const above = this.#holes.find((hole) => hole.start === end);
    const from = below?.start ?? start;
    const merged = { start: from, size: (above ? above.start + above.size : end) - from };
    this.#holes = [...this.#holes.filter((hole) => hole !== below && hole !== above), merged];
  }

  #roomy(size: number, { from, to }: Window): Range[] {
    return this.#holes.filter(
      (hole) => Math.min(hole.start + hole.size, to) - Math.max(hole.start, from) >= size,
    );
  }

  #take(hole: Range, range: Range): Range {
    const end = range.start + range.size;
    const rest = [
      { start: hole.start, size: range.start - hole.start },
      { start: end, size: hole.start + hole.size - end },
    ].filter(({ size }) => size > 0);
    this.#holes = [...this.#holes.filter((other) => other !== hole), ...rest];
    return range;
  }
}
