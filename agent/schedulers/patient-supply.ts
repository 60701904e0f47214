// A libvirt that is started again, or that vgpud has not reached yet, is back within seconds: nothing is told of that.
import type { Clock } from "../core/clock.ts";
import { supplyOf, type HostSupply, type Seen } from "./supply.ts";

/** For how long it may not be known which domains there are while what a scheduler was told last stands. */
export const PATIENCE_MS = 10_000;

/** The supply for who asks again while it is undefined: it is for so long after it was first asked for without domains being known. */
export function patientSupply(seen: () => Seen, clock: Pick<Clock, "now">): () => HostSupply | undefined {
  let unknownSince: number | undefined;
  return () => {
    const supply = supplyOf(seen());
    if (!supply || supply.domainsKnown) {
      unknownSince = undefined;
      return supply;
    }
    unknownSince ??= clock.now();
    return clock.now() - unknownSince < PATIENCE_MS ? undefined : supply;
  };
}
