// An end for many that wait equally long, with one timer for all: a timer for each, and the error that cancels it, cost
// more than the calls of an API that are answered from memory.
import type { Clock } from "./clock.ts";

interface Waiter {
  /** By the clock that never steps back. */
  readonly due: number;
  readonly over: () => void;
}

export class Patience {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #stop: AbortSignal;
  /** In the order in which they are due. */
  readonly #waiters = new Set<Waiter>();
  #watching = false;

  /** Nobody's patience ends any more once `stop` aborts. */
  constructor(clock: Clock, ms: number, stop: AbortSignal) {
    this.#clock = clock;
    this.#ms = ms;
    this.#stop = stop;
  }

  /** Calls `over` after the time, unless what it returns is called before. */
  begin(over: () => void): () => void {
    const waiter = { due: this.#clock.now() + this.#ms, over };
    this.#waiters.add(waiter);
    if (!this.#watching && !this.#stop.aborted) void this.#watch();
    return () => {
      this.#waiters.delete(waiter);
    };
  }

  /** Sleeps until the first is due; that one may have gone when it wakes. */
  async #watch(): Promise<void> {
    this.#watching = true;
    for (let [first] = this.#waiters; first; [first] = this.#waiters) {
      const left = first.due - this.#clock.now();
      if (left > 0) await this.#clock.sleep(left, this.#stop).catch(() => undefined);
      if (this.#stop.aborted) break;
      if (left > 0) continue;
      this.#waiters.delete(first);
      first.over();
    }
    this.#watching = false;
  }
}
