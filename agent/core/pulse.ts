// What a loop that must not get stuck says about itself: by when it will be heard of again.

/** A loop that does not keep its word is stuck, whatever it waits for. */
export class Pulse {
  readonly #now: () => number;
  #dueAt = Infinity;

  /** `now` is in milliseconds of a clock that never steps back. Nothing is due before the first `expect`. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The loop will be heard of again within `ms`, by another call of this. */
  expect(ms: number): void {
    this.#dueAt = this.#now() + ms;
  }

  /** Whether the loop has promised something and kept its word so far. */
  get beating(): boolean {
    return this.#dueAt !== Infinity && this.overdueMs === 0;
  }

  /** For how many milliseconds it has been overdue; 0 while it keeps its word. */
  get overdueMs(): number {
    return Math.max(0, this.#now() - this.#dueAt);
  }
}
