// When a guest of Xen that asked for a reboot is started again: at once, unless it does so again and again. Pure.
import { AgentError } from "../core/errors.ts";
import type { DomainClaim, Restarts } from "./claim.ts";

/** What an installation and its updates take. */
const AT_ONCE = 3;
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 5 * 60_000;
/** A guest that has run for so long begins a new row. */
const CALM_MS = 10 * 60_000;

/** With the reboot that was seen at `wall`. */
export function withReboot(before: Restarts | undefined, wall: number): Restarts {
  // A clock that was set back says nothing of how long the guest has run.
  const isRow = before !== undefined && wall - (before.at + pauseAfter(before)) < CALM_MS;
  return { inRow: isRow ? before.inRow + 1 : 1, at: wall };
}

/** Until when its start waits; undefined when it need not, also where the clock was set back meanwhile. */
export function pausedUntil(restarts: Restarts | undefined, wall: number): number | undefined {
  if (restarts === undefined || wall < restarts.at) return undefined;
  const until = restarts.at + pauseAfter(restarts);
  return until > wall ? until : undefined;
}

function pauseAfter({ inRow }: Restarts): number {
  if (inRow <= AT_ONCE) return 0;
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (inRow - AT_ONCE - 1));
}

/** Whether a start is under way that vgpud began by itself, since its guest asked for it. */
export function isRestarting({ operation, restarts, goal }: DomainClaim): boolean {
  return restarts !== undefined && goal === "running" && operation.ended === undefined;
}

/** What whoever waits for that start hears meanwhile. */
export function pausedStart({ claimId, domain, restarts }: DomainClaim, until: number): AgentError {
  const message = `the guest of domain ${domain.name} has rebooted ${restarts?.inRow ?? 0} times in a row; it is started again at ${new Date(until).toISOString()}, or earlier by a stop and a start`;
  return new AgentError("GUEST_REBOOT_LOOP", message, { details: { claim_id: claimId } });
}
