// Which GPU is preferred among those with room: each policy is a score, the lowest is taken. Equal scores go to the lowest
// PCI address, so that the same host and the same wish give the same answer. Pure.
import type { Gpu } from "../inventory/model.ts";

/** A GPU, and how much of what guests may have of it is taken: 0 to 1. */
interface Load {
  readonly gpu: Pick<Gpu, "address" | "numaNode">;
  readonly fullness: number;
}

/** `near`: the host's nodes that are preferred. */
type Score = (load: Load, near: readonly number[]) => number;

const scores = {
  /** Fill the fullest GPU that still has room, so that large types find an empty one: 0 for a full one, 1 for an empty one. */
  pack: ({ fullness }) => 1 - fullness,
  /** Take the emptiest, so that guests share a GPU with as few others as can be: 0 for an empty one, 1 for a full one. */
  spread: ({ fullness }) => fullness,
  /** Near before far, as `pack` among either: up to 1 on a preferred node, above it elsewhere. */
  numa: ({ gpu, fullness }, near) => (isNear(gpu, near) ? 0 : 1) + 1 - fullness,
} as const satisfies Record<string, Score>;

export type Policy = keyof typeof scores;

export interface Preference {
  readonly policy: Policy;
  readonly near?: readonly number[] | undefined;
}

export function scoreOf(load: Load, { policy, near = [] }: Preference): number {
  return scores[policy](load, near);
}

/** A GPU that could serve. */
export interface Ranked {
  readonly gpu: Pick<Gpu, "address">;
  /** Which of the needs it would meet, by their order; 0 where there is but one. */
  readonly preference: number;
  readonly score: number;
  /**
   * Why it may not serve after all, going on from its name: its room is perhaps in no one piece, or not every guest can have it. It
   * is taken only where no other GPU is without doubt.
   */
  readonly doubt: string | undefined;
}

/** For a sort: the better place first, doubtful ones last; the policy chooses among those that meet the same need. */
export function byRank(a: Ranked, b: Ranked): number {
  return (
    Number(a.doubt !== undefined) - Number(b.doubt !== undefined) ||
    a.preference - b.preference ||
    a.score - b.score ||
    (a.gpu.address < b.gpu.address ? -1 : 1)
  );
}

/**
 * What a caller of policy `numa` has to know when it was not served to the letter; undefined otherwise. `could`: all that could
 * have served, when it is known; a near one may have come after for another reason.
 */
export function farText(
  gpu: Load["gpu"],
  { policy, near = [] }: Preference,
  could?: readonly Pick<Load, "gpu">[],
): string | undefined {
  if (policy !== "numa" || isNear(gpu, near)) return undefined;
  const wanted = near.join(", ");
  if (gpu.numaNode === undefined)
    return `the host does not say which NUMA node GPU ${gpu.address} is on; wanted was node ${wanted}`;
  const none = could?.every((other) => !isNear(other.gpu, near)) === true ? ": no GPU there has room" : "";
  return `GPU ${gpu.address} is on NUMA node ${gpu.numaNode}, not on ${wanted}${none}`;
}

function isNear({ numaNode }: Load["gpu"], near: readonly number[]): boolean {
  return numaNode !== undefined && near.includes(numaNode);
}
