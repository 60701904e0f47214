// For how long something is good that ends one day, and whether that is soon. Pure.

/** Milliseconds since the epoch. */
export interface Validity {
  readonly from: number;
  readonly until: number;
}

export type Lasting = "good" | "soon" | "over";

/** Something that ends one day. */
export interface Part {
  /** For people, as `CN=clients (serial 01)`. */
  readonly name: string;
  readonly validity: Validity;
}

/** When what a file holds ends. */
export interface Lifetimes {
  /** Without those that never end. */
  readonly parts: readonly Part[];
  /** Once it is over the rest is of no use either; undefined where that never comes. */
  readonly last: Part | undefined;
}

export interface Standing {
  /** `partly-over`: what needs some of the parts does not work any more, everything else does. */
  readonly lasting: Lasting | "partly-over";
  /** The first one of which that is so. */
  readonly part: Part;
}

const MOST_AHEAD_MS = 14 * 24 * 3_600_000;
/** Of the time that it is good at all. Who renews by itself does so with a third left, or half: that must not look as if nobody did. */
const LAST_PART = 1 / 6;

export function lastingAt(validity: Validity, now: number): Lasting {
  if (now >= validity.until) return "over";
  return now > soonAfter(validity) ? "soon" : "good";
}

/** Then its end is near: in the last sixth of its time, and within two weeks. In milliseconds since the epoch. */
export function soonAfter({ from, until }: Validity): number {
  return until - Math.min(MOST_AHEAD_MS, (until - from) * LAST_PART);
}

/** From then on one of them ends soon; not always the one that ends first, as between a CA and what lives for an hour. */
export function firstSoonAfter(parts: readonly Part[]): number | undefined {
  const all = parts.map(({ validity }) => soonAfter(validity));
  return all.length > 0 ? Math.min(...all) : undefined;
}

/** The one that ends first. */
export function firstToEnd(parts: readonly Part[]): Part | undefined {
  return inOrder(parts)[0];
}

/** The one that ends last. */
export function lastToEnd(parts: readonly Part[]): Part | undefined {
  return inOrder(parts).at(-1);
}

/** The worst that is to be said of it. Undefined where none of it ends. */
export function standingAt({ parts, last }: Lifetimes, now: number): Standing | undefined {
  if (last && lastingAt(last.validity, now) === "over") return { lasting: "over", part: last };
  const ordered = inOrder(parts);
  const firstThat = (lasting: Lasting): Part | undefined =>
    ordered.find(({ validity }) => lastingAt(validity, now) === lasting);
  const over = firstThat("over");
  if (over) return { lasting: "partly-over", part: over };
  const soon = firstThat("soon");
  if (soon) return { lasting: "soon", part: soon };
  const [first] = ordered;
  return first && { lasting: "good", part: first };
}

function inOrder(parts: readonly Part[]): readonly Part[] {
  return parts.toSorted((one, other) => one.validity.until - other.validity.until);
}
