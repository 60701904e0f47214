// Whether what virtual functions use of engines is counted, as hostd told when it was asked last, for the checks.
import type { PciAddress } from "../core/ids.ts";

/** Why nothing is counted where the GPU's driver could. */
export interface Uncounted {
  readonly because: "no-perf" | "no-permission" | "failed";
  /** By perf. */
  readonly said: string;
}

/** By GPU, of the last minutes; without those that nobody asked about, or of which hostd told nothing. */
export type EngineCounting = ReadonlyMap<PciAddress, "counted" | Uncounted>;
