// Why nothing is made for a claim: its name, what is booked for it, or that this is not known.
import { AgentError } from "../core/errors.ts";
import type { ClaimId } from "../core/ids.ts";

/** No name that the scheduler gives to what it books. */
export function wronglyNamed(claimId: ClaimId, message: string): AgentError {
  return new AgentError("FIELD_INVALID", message, { details: { claim_id: claimId }, field: "claim_id" });
}

export function notBooked(claimId: ClaimId, message: string): AgentError {
  return new AgentError("CLAIM_NOT_BOOKED", message, { details: { claim_id: claimId } });
}

/** `scheduler`: as a person calls it. */
export function unverified(claimId: ClaimId, scheduler: string, cause: Error): AgentError {
  const message = `claim ${claimId} cannot be verified with ${scheduler}, so nothing was made: ${cause.message}`;
  return new AgentError("SCHEDULER_UNAVAILABLE", message, { details: { claim_id: claimId }, cause });
}
