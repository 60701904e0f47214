// Why nothing was counted of what virtual functions use when hostd was asked last, for the checks.
import type { PciAddress } from "../core/ids.ts";

/** By GPU; without one of which something was counted, or nobody asked. */
export type UncountedEngines = ReadonlyMap<PciAddress, UncountedEngine>;

interface UncountedEngine {
  readonly because: "no-perf" | "no-permission" | "failed";
  /** By perf. */
  readonly said: string;
}
