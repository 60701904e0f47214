// What names a request and what it is about: request ids, and claim ids of claims that are new or there already.
import { parseClaimId, type ClaimId } from "../../core/ids.ts";
import { requestDigest } from "../../lifecycle/request-digest.ts";
import type { RequestIdentity } from "../../lifecycle/requests.ts";
import { CLAIM_ID, formed, invalid, printable, required, type Form } from "./fields.ts";

const REQUEST_ID: Form = {
  pattern: /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/,
  maxBytes: 36,
  described: "a UUID",
};

/** Checks the request id; what it identifies is said when the rest of the request is understood. */
export function identityOf(method: string, requestId: string): (canonical: object) => RequestIdentity {
  const id = requestId === "" ? undefined : formed("request_id", requestId, REQUEST_ID).toLowerCase();
  return (canonical) => ({ requestId: id, method, digest: requestDigest({ method, ...canonical }) });
}

export function parseClaimIdField(text: string, field: string): ClaimId {
  if (text === "") throw required(field);
  const claimId = parseClaimId(text);
  if (!claimId) throw invalid(field, `${CLAIM_ID}, is ${printable(text)}`);
  return claimId;
}
