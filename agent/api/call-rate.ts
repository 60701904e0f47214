// How often each connection may call: so many at once, and as many again within each second.
import type { Clock } from "../core/clock.ts";

interface Bucket {
  readonly left: number;
  /** By the clock that never steps back. */
  readonly at: number;
}

export class CallRate {
  readonly #clock: Pick<Clock, "now">;
  readonly #perSecond: number;
  readonly #buckets = new Map<number, Bucket>();

  constructor(clock: Pick<Clock, "now">, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /** Whether the connection may call now; if so, it has. */
  take(connection: number): boolean {
    const at = this.#clock.now();
    const before = this.#buckets.get(connection) ?? { left: this.#perSecond, at };
    const left = Math.min(this.#perSecond, before.left + ((at - before.at) / 1000) * this.#perSecond);
    this.#buckets.set(connection, { left: left < 1 ? left : left - 1, at });
    return left >= 1;
  }

  /** The connection is closed. */
  forget(connection: number): void {
    this.#buckets.delete(connection);
  }
}
