// Wakes sleepers, those included that were about to fall asleep. One listener for its whole life: a signal made anew for
// every nap of a long-lived stop signal would be kept alive by it.
import type { Clock } from "./clock.ts";

export class Alarm {
  readonly #clock: Clock;
  readonly #sleepers = new Set<AbortController>();
  #rings = 0;

  /** Rings by itself when `stop` aborts. */
  constructor(clock: Clock, stop: AbortSignal) {
    this.#clock = clock;
    stop.addEventListener(
      "abort",
      () => {
        this.ring();
      },
      { once: true },
    );
  }

  /** Take it before looking at what the sleep will wait for, and give it to `sleep`. */
  get rings(): number {
    return this.#rings;
  }

  ring(): void {
    this.#rings += 1;
    for (const sleeper of this.#sleepers) sleeper.abort();
  }

  /** Resolves after `ms`, or at once when the alarm rings or has rung since `rings` was taken. */
  async sleep(ms: number, rings: number): Promise<void> {
    if (rings !== this.#rings) return;
    const sleeper = new AbortController();
    this.#sleepers.add(sleeper);
    try {
      await this.#clock.sleep(ms, sleeper.signal);
    } catch {
      // Woken.
    } finally {
      this.#sleepers.delete(sleeper);
    }
  }
}
