// For how long something is good that ends one day, and whether that is soon. Pure.

/** Milliseconds since the epoch. */
export interface Validity {
  readonly from: number;
  readonly until: number;
}

export type Lasting = "good" | "soon" | "over";

const MOST_AHEAD_MS = 14 * 24 * 3_600_000;
/** Of the time that it is good at all. Who renews by itself does so with a third left, or half: that must not look as if nobody did. */
const LAST_PART = 1 / 6;

/** `soon`: in the last sixth of its time, and within two weeks of its end. */
export function lastingAt({ from, until }: Validity, now: number): Lasting {
  const left = until - now;
  if (left <= 0) return "over";
  return left < Math.min(MOST_AHEAD_MS, (until - from) * LAST_PART) ? "soon" : "good";
}

/** The one that ends first. */
export function firstToEnd(all: readonly Validity[]): Validity | undefined {
  return all.toSorted((one, other) => one.until - other.until)[0];
}
