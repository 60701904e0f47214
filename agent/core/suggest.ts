// Finds what was meant by a mistyped word.

/**
 * The nearest candidate, when it is near enough to be what was meant: within a third of its letters, at least 1. Of equally near ones
 * that which begins as the word does, since a first letter is seldom wrong, and then that with as many letters: two that changed places
 * are slipped in more often than one is left out.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: { readonly candidate: string; readonly rank: Rank } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance > Math.max(1, Math.floor(candidate.length / 3))) continue;
    const begins = word[0] === candidate[0] ? 0 : 1;
    const rank: Rank = [distance, begins, Math.abs(word.length - candidate.length)];
    if (best === undefined || isBefore(rank, best.rank)) best = { candidate, rank };
  }
  return best?.candidate;
}

/** What is compared first comes first; less is nearer. */
type Rank = readonly number[];

function isBefore(one: Rank, other: Rank): boolean {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at >= 0 && (one[at] ?? 0) < (other[at] ?? 0);
}

/** `did you mean …?`, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  const candidate = nearest(word, candidates);
  return candidate === undefined ? undefined : `did you mean ${candidate}?`;
}

/** Insertions, deletions and substitutions of one letter, and two neighbours that changed places (optimal string alignment). */
export function editDistance(from: string, to: string): number {
  const [letters, others] = [Array.from(from), Array.from(to)];
  let before: readonly number[] = [];
  let previous: readonly number[] = Array.from({ length: others.length + 1 }, (_, column) => column);
  for (const [row, letter] of letters.entries()) {
    const current = [row + 1];
    for (const [column, other] of others.entries()) {
      const substituted = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      const isSwapped = row > 0 && column > 0 && letter === others[column - 1] && letters[row - 1] === other;
      const swapped = isSwapped ? (before[column - 1] ?? 0) + 1 : Infinity;
      current.push(
        Math.min(substituted, swapped, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1),
      );
    }
    [before, previous] = [previous, current];
  }
  return previous.at(-1) ?? 0;
}
