// The planner's problem without its words: bins with amounts of several resources, kinds of things that take some of each, and
// as many things as can be in the bins together. Pure.

/** What is free in a bin, by resource. All bins of a problem have their own list of resources; needs follow it. */
export type Bin = readonly number[];

/** Things that are all alike. */
interface Kind {
  /** How many there are, 0 or more. */
  readonly count: number;
  /** What one takes in each bin; undefined where none may go. */
  readonly needs: readonly (Bin | undefined)[];
}

export interface Problem {
  readonly bins: readonly Bin[];
  readonly kinds: readonly Kind[];
}

/** How many of each kind are in each bin: `[bin][kind]`. */
export type Packing = readonly (readonly number[])[];

export function packed(packing: Packing): number {
  return packing.reduce((sum, counts) => sum + total(counts), 0);
}

export function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** How often a need goes into what is free. One that takes nothing goes in without end. */
export function times(free: Bin, need: Bin): number {
  let most = Infinity;
  for (let r = 0; r < need.length; r += 1) {
    const one = need[r] ?? 0;
    if (one > 0) most = Math.min(most, Math.floor((free[r] ?? 0) / one));
  }
  return Math.max(0, most);
}

/** Whether one takes at most as much of everything as there is in the other. */
export function isWithin(inner: Bin, outer: Bin): boolean {
  for (let r = 0; r < inner.length; r += 1) if ((inner[r] ?? 0) > (outer[r] ?? 0)) return false;
  return true;
}
