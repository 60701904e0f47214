// What holds a claim on its way up, as its caller is told it. Pure.
import { AgentError, messageOf } from "../core/errors.ts";
import type { Claim, SliceClaim } from "./claim.ts";

/** The host is where it should be, and only that cannot be written down. */
export function notNoted(claim: Claim): (error: unknown) => never {
  return (error) => {
    const { claimId, vgpuId, state } = claim;
    const what = claim.domain ? `domain ${claim.domain.name}` : `vGPU ${vgpuId} of claim ${claimId}`;
    const message = `that ${what} is ${state} cannot be written down yet; it is tried again: ${messageOf(causeOf(error))}`;
    throw new AgentError("LEDGER_UNAVAILABLE", message, { details: { claim_id: claimId }, cause: error });
  };
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}

/** While a failed create is being undone, the caller hears why it failed and what is still held. */
export function stalled(claim: SliceClaim, error: AgentError): AgentError {
  const { failure } = claim;
  if (!failure) return error;
  const message = `${failure.message}; undoing it goes on: ${error.message}`;
  return new AgentError(failure.reason, message, {
    details: error.details,
    holders: error.holders,
    cause: error,
  });
}
