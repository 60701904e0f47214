// REF on the command line: a name, a UUID or `claim:ID`.
import type { DomainRef } from "../../../proto/gen/vgpud/v1/domain.ts";
import { parseDomainId } from "../../core/ids.ts";
import type { Operand } from "../command.ts";

const CLAIM_PREFIX = "claim:";

export const refOperand: Operand = {
  name: "REF",
  required: true,
  help: "the domain: its name, its UUID, or claim:ID",
  field: "domain",
  offer: { kind: "live", what: "domains" },
};

/** A text that looks like a UUID is one, since names of that form serve nobody. */
export function domainRef(text: string): DomainRef {
  const claimId = withoutClaimPrefix(text);
  if (claimId !== text) return { ref: { $case: "claimId", value: claimId } };
  const uuid = parseDomainId(text);
  return { ref: uuid === undefined ? { $case: "name", value: text } : { $case: "uuid", value: uuid } };
}

/** For who takes names and claims alone: a claim is named by its id, be it written as in REF. */
export function withoutClaimPrefix(text: string): string {
  return text.startsWith(CLAIM_PREFIX) ? text.slice(CLAIM_PREFIX.length) : text;
}

export function claimRef(claimId: string): string {
  return `${CLAIM_PREFIX}${claimId}`;
}
