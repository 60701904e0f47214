// Time as a dependency, so that tests decide how long things take.
import { setTimeout as delay } from "node:timers/promises";

export interface Clock {
  /** Milliseconds of a clock that never steps back; for measuring and waiting. */
  readonly now: () => number;
  /** Milliseconds since the epoch; for what is written down and shown. May step. */
  readonly wall: () => number;
  /** Resolves after `ms`, however long that is; rejects when the signal aborts first, with an AbortError whose cause is the signal's reason. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  sleep: async (ms, signal) => {
    let left = ms;
    for (; left > MOST_MS; left -= MOST_MS) await delay(MOST_MS, undefined, { signal });
    await delay(left, undefined, { signal });
  },
};

/** A timer of Node.js that is set to more, 25 days, ends after 1 ms. */
const MOST_MS = 2 ** 31 - 1;
