// How long is waited for a vgpud, and who has said so. Pure.

export interface Limit {
  readonly ms: number;
  /** The user has said it, by --timeout. */
  readonly isUsers: boolean;
}

/** Of vgpuctl itself. */
export function ownLimit(ms: number): Limit {
  return { ms, isUsers: false };
}

/** The one that ends first. Of two that end at once vgpuctl's own: a longer --timeout would come to the same. */
export function lesser(one: Limit, other: Limit): Limit {
  if (one.ms === other.ms) return one.isUsers ? other : one;
  return one.ms < other.ms ? one : other;
}
