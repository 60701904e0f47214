// Which creates need the scheduler's word before anything is made.
import type { Booking } from "../capacity/quantities.ts";
import type { ClaimId } from "../core/ids.ts";
import type { Scheduler } from "./scheduler.ts";

/**
 * `require`: what was not booked is not made. `trust-ledger`: the host's ledger alone decides, and what was not booked is found when
 * the books are compared.
 */
export const policies = ["require", "trust-ledger"] as const;
export type SchedulerPolicy = (typeof policies)[number];

/** What a create asks before it is placed; implements the lifecycle's port. */
export function bookingsBy(
  policy: SchedulerPolicy,
  scheduler: Pick<Scheduler, "bookingOf">,
): { bookingOf(claimId: ClaimId, signal: AbortSignal): Promise<Booking | undefined> } {
  return {
    bookingOf: (claimId, signal) =>
      policy === "require" ? scheduler.bookingOf(claimId, signal) : Promise.resolve(undefined),
  };
}
