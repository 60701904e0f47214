// A libvirt that is started again, or that vgpud has not reached yet, is back within seconds: nothing is told of that.
import type { Clock } from "../core/clock.ts";
import type { Lookout } from "../inventory/lookout.ts";
import { supplyOf, type HostSupply, type Seen } from "./supply.ts";

/** For how long it may not be known which domains there are while what a scheduler was told last stands. */
export const PATIENCE_MS = 10_000;

export interface PatientSupplyOptions {
  readonly seen: () => Seen;
  /** Whose views `seen` is made of: nobody may ask for the supply while libvirt comes back and goes again. */
  readonly lookout: Pick<Lookout, "current" | "onView">;
  readonly clock: Pick<Clock, "now">;
}

/** The supply for who asks again while it is undefined: it is for so long after the first look that does not know the domains. */
export function patientSupply({ seen, lookout, clock }: PatientSupplyOptions): () => HostSupply | undefined {
  let unknownSince: number | undefined;
  lookout.onView(() => {
    unknownSince = lookout.current?.domains.known === false ? (unknownSince ?? clock.now()) : undefined;
  });
  return () => {
    const isTooSoon = unknownSince !== undefined && clock.now() - unknownSince < PATIENCE_MS;
    return isTooSoon ? undefined : supplyOf(seen());
  };
}
