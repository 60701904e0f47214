// A claim in Placement: made, compared where an answer was lost, and given back.
import { CONSUMER_TYPE } from "../../core/placement-names.ts";
import { isOurs } from "./ours.ts";
import { PlacementError } from "../../placement/errors.ts";
import type { Allocation, Resources } from "../../placement/model.ts";

import type { SchedulePlacement } from "./placement-port.ts";

/** What is asked of Placement. */
type ClaimsApi = Pick<SchedulePlacement, "allocation" | "claim" | "releaseUnchanged">;

export interface Claimant {
  readonly api: ClaimsApi;
  /** The consumer's UUID, which is the claim id for vgpud, too. */
  readonly claimId: string;
  readonly projectId: string;
  readonly userId: string;
}

export type Claimed =
  | { readonly kind: "claimed" }
  /** Not to be had any more: the next candidate may be. */
  | { readonly kind: "lost"; readonly why: string; readonly isFull: boolean }
  /** The consumer has something else, which somebody else may have given it. */
  | { readonly kind: "other"; readonly allocation: Allocation };

/** How often one candidate is claimed when somebody else was faster, or an answer was lost. */
const TRIES = 3;

/** Throws a PlacementError when it is not known whether the claim was made, or Placement refuses the request. */
export async function claimFor(
  { api, claimId, projectId, userId }: Claimant,
  allocations: ReadonlyMap<string, Resources>,
  signal: AbortSignal,
): Promise<Claimed> {
  for (let tried = 1; ; tried += 1)
    try {
      await api.claim(claimId, { allocations, projectId, userId, consumerType: CONSUMER_TYPE }, signal);
      return { kind: "claimed" };
    } catch (error) {
      if (!(error instanceof PlacementError)) throw error;
      if (error.kind === "no-capacity")
        return { kind: "lost", why: "somebody else has claimed it meanwhile", isFull: true };
      if (!mayHaveBeenMade.has(error.kind)) throw error;
      // `conflict` is also said of a consumer that has something already, as after an answer that did not arrive.
      const allocation = await api.allocation(claimId, signal);
      if (allocation.byProvider.size > 0)
        return isSame(allocation.byProvider, allocations)
          ? { kind: "claimed" }
          : { kind: "other", allocation };
      if (tried === TRIES) {
        if (error.kind !== "conflict") throw error;
        return { kind: "lost", why: `others were faster ${TRIES} times`, isFull: false };
      }
    }
}

/**
 * Gives the claim back, of whose booking no more than this can be: what somebody else has put in its place stays.
 * Throws a PlacementError, `conflict` for such a one.
 */
export async function giveBack(
  { api, claimId }: Pick<Claimant, "api" | "claimId">,
  allocations: ReadonlyMap<string, Resources>,
  signal: AbortSignal,
): Promise<void> {
  const read = await api.allocation(claimId, signal);
  if (read.byProvider.size === 0) return;
  if (!isOurs(read.consumerType) || !isSame(read.byProvider, allocations))
    throw new PlacementError("conflict", "somebody else has changed what is booked for it");
  await api.releaseUnchanged(claimId, read, signal);
}

const mayHaveBeenMade: ReadonlySet<string> = new Set(["conflict", "unreachable", "bad-answer", "failed"]);

function isSame(one: ReadonlyMap<string, Resources>, other: ReadonlyMap<string, Resources>): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([provider, amounts]) => {
    const others = Object.entries(other.get(provider) ?? {});
    const same = others.length === Object.keys(amounts).length;
    return same && others.every(([name, amount]) => amounts[name] === amount);
  });
}
