// Tells a retry from a new request, and both from a mistake (law 7).
import { AgentError } from "../core/errors.ts";
import type { ClaimId } from "../core/ids.ts";
import {
  domainIdOf,
  type Claim,
  type DomainClaim,
  type Operation,
  type RememberedRequest,
  type VgpuClaim,
} from "./claim.ts";
import { isCreate } from "./settled.ts";
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
  { id }: Operation,
): Claim["requests"] {
  if (requestId === undefined) return requests;
  return [...requests, { requestId, method, digest, operationId: id }].slice(-REQUESTS_KEPT);
}

/**
 * The claim of a kind that an earlier create with the same identity made; throws when the identity stands for another
 * request.
 */
export function claimOfRetry<Kind extends keyof SliceClaims>(
  ledger: Ledger,
  kind: Kind,
  request: RequestIdentity & { readonly claimId: ClaimId },
): SliceClaims[Kind] | undefined {
  const remembered = request.requestId === undefined ? undefined : ledger.byRequest(request.requestId);
  if (remembered && (remembered.claim.claimId !== request.claimId || !isSame(remembered.request, request)))
    throw requestIdReused(remembered.request);
  const claim = ledger.byClaimId(request.claimId) ?? ledger.byReservation(request.claimId);
  if (!claim) return undefined;
  const domainId = domainIdOf(claim);
  const details = { claim_id: request.claimId, ...(domainId && { domain_uuid: domainId }) };
  if (!isOf(kind, claim) || claim.requestDigest !== request.digest)
    throw new AgentError("CLAIM_REUSED", `claim id ${request.claimId} stands for another request`, {
      details,
    });
  // A create that is being undone has not ended: its retry waits to hear why it failed, and may then try again.
  if (claim.goal === "absent" && !isCreate(claim)) {
    const message = `claim ${claim.claimId} has been or is being destroyed; ask with a new claim id`;
    throw new AgentError("CLAIM_ENDED", message, { details });
  }
  return claim;
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
  ledger: Ledger,
  request: RequestIdentity,
  claim: Claim,
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
