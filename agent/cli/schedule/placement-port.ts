// Placement as far as vgpuctl asks it.
import type { Placement } from "../../placement/placement.ts";

export type SchedulePlacement = Pick<
  Placement,
  | "knowsConsumerTypes"
  | "all"
  | "known"
  | "providerNamed"
  | "bearing"
  | "tree"
  | "inventories"
  | "usages"
  | "allocation"
  | "candidates"
  | "claim"
  | "releaseUnchanged"
>;

/** To a Placement that all clouds share: a few keep its workers busy. */
export const REQUESTS_AT_ONCE = 8;

export interface OpenPlacement {
  readonly api: SchedulePlacement;
  /** Lets go of what is kept open for the next request. */
  readonly close: () => void;
}
