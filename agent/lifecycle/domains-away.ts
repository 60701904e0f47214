// The error of whoever needs the domains while they are unknown: by who did not answer.
import { AgentError } from "../core/errors.ts";
import type { Unknown } from "../inventory/model.ts";

export const AWAY_REASONS = {
  libvirt: "LIBVIRT_UNAVAILABLE",
  hostd: "HOSTD_UNAVAILABLE",
} as const satisfies Record<Unknown["away"], string>;

const SAID = {
  libvirt: "libvirt does not answer",
  hostd: "which guests Xen has is not known",
} as const satisfies Record<Unknown["away"], string>;

/** Both are UNAVAILABLE: whoever asks again later may be served. `why` is left out where nobody has said it. */
export function domainsAway({ away, why }: Pick<Unknown, "away"> & Partial<Unknown>): AgentError {
  return new AgentError(AWAY_REASONS[away], why === undefined ? SAID[away] : `${SAID[away]}: ${why}`);
}
