// A stretch of addresses handed out first-fit: where it becomes fragmented, it does so by itself.

export interface Range {
  readonly start: number;
  readonly size: number;
}

export class AddressSpace {
  readonly #size: number;
  /** In use, by ascending start, never overlapping. */
  #used: readonly Range[] = [];

  /** `taken` is in use for good; what of it lies outside the space, or overlaps, is ignored. */
  constructor(size: number, taken: readonly Range[]) {
    this.#size = size;
    for (const range of taken.toSorted((a, b) => a.start - b.start)) {
      const start = Math.max(range.start, this.#end());
      const end = Math.min(range.start + range.size, size);
      if (end > start) this.#used = [...this.#used, { start, size: end - start }];
    }
  }

  /** Takes the first hole that is large enough; undefined when there is none, however much is free in all. */
  take(size: number): Range | undefined {
    let start = 0;
    for (const used of this.#used) {
      if (used.start - start >= size) break;
      start = used.start + used.size;
    }
    if (this.#size - start < size) return undefined;
    const range = { start, size };
    this.#used = [...this.#used, range].sort((a, b) => a.start - b.start);
    return range;
  }

  release(range: Range): void {
    this.#used = this.#used.filter((used) => used !== range);
  }

  #end(): number {
    const last = this.#used.at(-1);
    return last === undefined ? 0 : last.start + last.size;
  }
}
