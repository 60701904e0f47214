// Finds what was meant by a mistyped word.

/**
 * The nearest candidate, when it is near enough to be what was meant: within a third of its letters, at least 1. Of equally near ones
 * that with as many letters: two that changed places are slipped in more often than one is left out.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: { readonly candidate: string; readonly distance: number; readonly longer: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    const longer = Math.abs(word.length - candidate.length);
    const near = distance <= Math.max(1, Math.floor(candidate.length / 3));
    const nearer =
      best === undefined || distance < best.distance || (distance === best.distance && longer < best.longer);
    if (near && nearer) best = { candidate, distance, longer };
  }
  return best?.candidate;
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
