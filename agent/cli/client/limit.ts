// How long is waited for a vgpud, and who has said so. Pure.

export interface Limit {
  readonly ms: number;
  /** The user has said it, by --timeout. */
  readonly isUsers: boolean;
  /** What may take longer than that, in words, where it is told of. */
  readonly work?: string;
}

/** Of vgpuctl itself. */
export function ownLimit(ms: number): Limit {
  return { ms, isUsers: false };
}

/** A hint where the user's --timeout ended a wait, and no limit of vgpuctl's own. */
export function tooShort(late: Limit | undefined): readonly string[] {
  return late?.isUsers && late.work !== undefined ? [`is --timeout too short for ${late.work}?`] : [];
}

/** The one that ends first. Of two that end at once vgpuctl's own: a longer --timeout would come to the same. */
export function lesser(one: Limit, other: Limit): Limit {
  if (one.ms === other.ms) return one.isUsers ? other : one;
  return one.ms < other.ms ? one : other;
}
