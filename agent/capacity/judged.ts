// How one GPU fares with a wish, in whatever mode it is shared.
import type { PciAddress } from "../core/ids.ts";
import type { Reason } from "../core/reasons.ts";
import type { Gpu } from "../inventory/model.ts";
import type { Share } from "../inventory/share.ts";
import type { Budget } from "./budget.ts";
import type { Ranked } from "./policies.ts";

export interface Candidate {
  readonly gpu: PciAddress;
  /** The type that the wish means on this GPU; undefined when it offers none. */
  readonly type: string | undefined;
  /** Undefined for the one chosen and for those that could have served but ranked lower. */
  readonly lost: Reason | undefined;
  readonly why: string;
  /** Undefined for a GPU that offers no slices. */
  readonly budget: Budget | undefined;
  /** By the policy, the lowest is taken; absent for one that cannot serve, and in a record of a vgpud that did not keep it. */
  readonly score?: number | undefined;
  /** Where its slices are XenGT's; whoever reads a decision need not know the host. */
  readonly xengt?: true;
}

/** A GPU that could serve, and what it would give. */
interface Fit extends Ranked {
  readonly gpu: Pick<Gpu, "address" | "numaNode">;
  readonly share: Share;
}

export interface Judged {
  /** Undefined when it cannot serve. */
  readonly fit: Fit | undefined;
  readonly candidate: Candidate;
}

export function loses(
  gpu: PciAddress,
  lost: Reason,
  why: string,
  known: Partial<Pick<Candidate, "type" | "budget">> = {},
): Judged {
  return { fit: undefined, candidate: { gpu, type: undefined, budget: undefined, ...known, lost, why } };
}
