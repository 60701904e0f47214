// Lines that strangers can cause: some at once, and then few, with the number of those that were left out.
import type { Clock } from "../core/clock.ts";

export interface LineLimits {
  /** How many come at once after a quiet time. */
  readonly burst: number;
  /** How long until there is room for one more, milliseconds. */
  readonly everyMs: number;
}

/** `tell` is called with how many lines were left out since the last one. */
export class LimitedLog {
  readonly #clock: Pick<Clock, "now">;
  readonly #limits: LineLimits;
  #room: number;
  #at: number;
  #leftOut = 0;

  constructor(clock: Pick<Clock, "now">, limits: LineLimits) {
    this.#clock = clock;
    this.#limits = limits;
    this.#room = limits.burst;
    this.#at = clock.now();
  }

  line(tell: (leftOut: number) => void): void {
    const { burst, everyMs } = this.#limits;
    const now = this.#clock.now();
    this.#room = Math.min(burst, this.#room + (now - this.#at) / everyMs);
    this.#at = now;
    if (this.#room < 1) {
      this.#leftOut += 1;
      return;
    }
    this.#room -= 1;
    tell(this.#leftOut);
    this.#leftOut = 0;
  }
}
