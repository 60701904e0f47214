// Tells a retry from a new request, and both from a mistake (law 7).
import { AgentError } from "../core/errors.ts";
import type { ClaimId } from "../core/ids.ts";
import {
  domainIdOf,
  hasEnded,
  type Claim,
  type DomainClaim,
  type Operation,
  type RememberedRequest,
  type SliceClaim,
  type VgpuClaim,
} from "./claim.ts";
import { isCreate, isGivenUp } from "./settled.ts";
import type { Ledger } from "./ledger.ts";

/** Identifies a mutation, so that a retry finds it again. */
export interface RequestIdentity {
  /** The caller's own id of this request; undefined when it gave none. */
  readonly requestId: string | undefined;
  readonly method: string;
  /** See request-digest.ts. */
  readonly digest: string;
}

/** Request ids kept per claim: more than any caller retries at a time. */
const REQUESTS_KEPT = 16;

/** What a claim remembers once this request was accepted for it; the oldest is forgotten. */
export function remember(
  requests: Claim["requests"],
  { requestId, method, digest }: RequestIdentity,
  operation: Operation | undefined,
): Claim["requests"] {
  if (requestId === undefined) return requests;
  return [...requests, { requestId, method, digest, operationId: operation?.id }].slice(-REQUESTS_KEPT);
}

/**
 * The claim of a kind that an earlier create with the same identity made; throws when the identity stands for another
 * request. `reservation` is the one whose room is asked for: its name may become the claim's.
 */
export function claimOfRetry<Kind extends keyof SliceClaims>(
  ledger: Ledger,
  kind: Kind,
  request: NewRequest & { readonly reservation: ClaimId | undefined },
): SliceClaims[Kind] | undefined {
  refuseReusedRequest(ledger, request);
  const claim = bearerOf(ledger, request.claimId);
  if (!claim || (claim.kind === "reservation" && claim.claimId === request.reservation)) return undefined;
  if (!isOf(kind, claim) || claim.claimId !== request.claimId || claim.requestDigest !== request.digest)
    throw claimReused(claim, request);
  // A create that is being undone has not ended: its retry waits to hear why it failed, and may then try again.
  if (isOver(claim)) {
    const message = `claim ${claim.claimId} has been or is being destroyed; ask with a new claim id`;
    throw new AgentError("CLAIM_ENDED", message, { details: detailsOf(claim, request) });
  }
  return claim;
}

/**
 * The reservation that an earlier request with the same identity made, or the claim that was bound from it; throws when
 * the identity stands for another request, or what it made is over.
 */
export function reservationOfRetry(ledger: Ledger, request: NewRequest, wall: number): Claim | undefined {
  refuseReusedRequest(ledger, request);
  const claim = bearerOf(ledger, request.claimId);
  if (!claim) return undefined;
  const reserved = claim.kind === "reservation" ? claim : claim.reservation;
  if (reserved?.claimId !== request.claimId || reserved.requestDigest !== request.digest)
    throw claimReused(claim, request);
  // A create that is being undone gives the reservation back.
  const over = claim.kind === "reservation" ? hasEnded(claim, wall) : isOver(claim);
  if (!over) return claim;
  const message = `reservation ${request.claimId} has ended; ask with a new claim id`;
  throw new AgentError("CLAIM_ENDED", message, { details: detailsOf(claim, request) });
}

/** Whether its end was asked for. A create that is being undone has not ended. */
function isOver(claim: SliceClaim): boolean {
  return isGivenUp(claim) || (claim.goal === "absent" && !isCreate(claim));
}

/** Asks for a claim that there may be already. */
type NewRequest = RequestIdentity & { readonly claimId: ClaimId };

/** The claim that a claim id stands for, be it as the name of the reservation that the claim was bound from. */
function bearerOf(ledger: Ledger, claimId: ClaimId): Claim | undefined {
  return ledger.byClaimId(claimId) ?? ledger.byReservation(claimId);
}

function refuseReusedRequest(ledger: Ledger, request: NewRequest): void {
  const remembered = request.requestId === undefined ? undefined : ledger.byRequest(request.requestId);
  if (!remembered) return;
  const bears = bearerOf(ledger, request.claimId)?.vgpuId === remembered.claim.vgpuId;
  if (!bears || !isSame(remembered.request, request)) throw requestIdReused(remembered.request);
}

function claimReused(claim: Claim, request: NewRequest): AgentError {
  const made = claim.kind === "domain" ? `, by which domain ${claim.domain.name} was made` : "";
  const message = `claim id ${request.claimId} stands for another request${made}`;
  return new AgentError("CLAIM_REUSED", message, { details: detailsOf(claim, request) });
}

function detailsOf(claim: Claim, { claimId }: NewRequest): AgentError["details"] {
  const domainId = domainIdOf(claim);
  return { claim_id: claimId, ...(domainId && { domain_uuid: domainId }) };
}

interface SliceClaims {
  readonly domain: DomainClaim;
  readonly vgpu: VgpuClaim;
}

function isOf<Kind extends keyof SliceClaims>(kind: Kind, claim: Claim): claim is SliceClaims[Kind] {
  return claim.kind === kind;
}

/** The operation that an earlier request with the same id began on this claim; undefined when the request is new. */
export function operationOfRepeat(
  ledger: Pick<Ledger, "byRequest">,
  request: RequestIdentity,
  claim: Pick<Claim, "vgpuId">,
): string | undefined {
  const remembered = request.requestId === undefined ? undefined : ledger.byRequest(request.requestId);
  if (!remembered) return undefined;
  if (!isSame(remembered.request, request) || remembered.claim.vgpuId !== claim.vgpuId)
    throw requestIdReused(remembered.request);
  return remembered.request.operationId;
}

function isSame(remembered: RememberedRequest, { method, digest }: RequestIdentity): boolean {
  return remembered.method === method && remembered.digest === digest;
}

function requestIdReused({ requestId }: RememberedRequest): AgentError {
  return new AgentError("REQUEST_ID_REUSED", `request id ${requestId} came before with another request`, {
    details: { request_id: requestId },
    field: "request_id",
  });
}
