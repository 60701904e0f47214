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
  if (text.startsWith(CLAIM_PREFIX))
    return { ref: { $case: "claimId", value: text.slice(CLAIM_PREFIX.length) } };
  const uuid = parseDomainId(text);
  return { ref: uuid === undefined ? { $case: "name", value: text } : { $case: "uuid", value: uuid } };
}

export function claimRef(claimId: string): string {
  return `${CLAIM_PREFIX}${claimId}`;
}
