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

/** Both are UNAVAILABLE: whoever asks again later may be served. `not`: what cannot be done for that, a sentence without its end. */
export function domainsAway({ away, why }: Unknown, not?: string): AgentError {
  const cause = `${SAID[away]}: ${why}`;
  return new AgentError(AWAY_REASONS[away], not === undefined ? cause : `${not}: ${cause}`);
}
