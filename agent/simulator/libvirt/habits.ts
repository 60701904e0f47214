// What a simulated guest does with its time: loads that rise and fall, its own for each name and the same in every run. Pure.
import { createHash } from "node:crypto";

/** A load that swings around its mean and is never below 0. */
export interface Load {
  /** How much of it there has been in the first `seconds`; grows with them. */
  readonly until: (seconds: number) => number;
}

export interface Habits {
  /** Seconds of each of its processors. */
  readonly cpu: Load;
  /** Seconds of a GPU that it renders on: of its render engines, and of those for video. */
  readonly rendering: Load;
  readonly video: Load;
  /** Bytes. */
  readonly reads: Load;
  readonly writes: Load;
  readonly received: Load;
  readonly sent: Load;
  /** The share of its memory that it occupies after `seconds`, between 0 and 1: a guest does not touch all of it. */
  readonly residentShare: (seconds: number) => number;
}

const TURN = 2 * Math.PI;
/** Of the mean; together at most 1. */
const SWINGS = [0.6, 0.4] as const;

export function habitsOf(name: string): Habits {
  const digest = createHash("sha256").update(name).digest();
  /** A number of this guest's own, from `low` to `high`. */
  const own = (index: number, low: number, high: number): number =>
    low + ((digest[index % digest.length] ?? 0) / 255) * (high - low);
  const load = (index: number, low: number, high: number): Load =>
    swinging(own(index, low, high), [
      { period: own(index + 1, 120, 400), at: own(index + 2, 0, TURN) },
      { period: own(index + 3, 40, 110), at: own(index + 4, 0, TURN) },
    ]);
  const slow = { period: own(25, 300, 900), at: own(26, 0, TURN) };
  return {
    cpu: load(0, 0.04, 0.45),
    rendering: load(7, 0.05, 0.3),
    video: load(12, 0.01, 0.1),
    reads: load(5, 20_000, 3_000_000),
    writes: load(10, 10_000, 1_500_000),
    received: load(15, 4_000, 800_000),
    sent: load(20, 2_000, 400_000),
    residentShare: (seconds) => 0.6 + 0.15 * Math.sin((TURN * seconds) / slow.period + slow.at),
  };
}

interface Swing {
  /** Seconds. */
  readonly period: number;
  /** Where in it the guest starts, radians. */
  readonly at: number;
}

/** The integral of mean × (1 + Σ swing × sin(2πt/period + at)): with swings of at most 1 together it never falls. */
function swinging(mean: number, swings: readonly [Swing, Swing]): Load {
  return {
    until: (seconds) =>
      swings.reduce((sum, { period, at }, index) => {
        const turned = Math.cos(at) - Math.cos((TURN * seconds) / period + at);
        return sum + ((mean * (SWINGS[index] ?? 0) * period) / TURN) * turned;
      }, mean * seconds),
  };
}
