// What a call is about, for its line in the log: what its request says, and what it turned out to be.
import { domainIdOf, type Claim } from "../lifecycle/claim.ts";
import { cut } from "./cut.ts";

/** Absent is what is not said or not known. Texts of a request are not checked: they are made legible and cut. */
export interface About {
  readonly domain?: string | undefined;
  readonly domainUuid?: string | undefined;
  readonly vgpu?: string | undefined;
  readonly gpu?: string | undefined;
  readonly claim?: string | undefined;
  readonly requestId?: string | undefined;
  /** `operations/<uuid>`. */
  readonly operation?: string | undefined;
  readonly validateOnly?: true | undefined;
}

/** More than any name that is valid. */
const MAX_BYTES = 256;

/** The fields of the contract's requests that name something, wherever a request has them. */
export function aboutRequest(request: unknown): About {
  const fields = fieldsOf(request);
  const domain = fieldsOf(fields["domain"]);
  const vgpu = refOf(fieldsOf(fields["vgpu"]));
  const ref = refOf(domain);
  return {
    domain: legible(ref["name"] ?? domain["name"]),
    domainUuid: legible(ref["uuid"] ?? domain["uuid"]),
    vgpu: legible(vgpu["vgpuId"] ?? fields["vgpuId"]),
    gpu: legible(fields["gpu"]),
    claim: legible(fields["claimId"] ?? ref["claimId"] ?? vgpu["claimId"]),
    requestId: legible(fields["requestId"]),
    validateOnly: fields["validateOnly"] === true ? true : undefined,
  };
}

/** An answer tells the operation that it ended with, also when that was another call's. */
export function aboutResponse(response: unknown): About {
  return { operation: legible(fieldsOf(response)["operation"]) };
}

export function aboutClaim(claim: Claim): About {
  const { claimId, vgpuId, gpu, domain } = claim;
  return { claim: claimId, vgpu: vgpuId, gpu, domain: domain?.name, domainUuid: domainIdOf(claim) };
}

/** What is known later holds; what is absent there is kept. */
export function merged(earlier: About, later: About): About {
  const known = Object.entries(later).filter(([, value]) => value !== undefined);
  return { ...earlier, ...Object.fromEntries(known) };
}

/** A `oneof` of references by the name of the one that is set. */
function refOf({ ref }: Fields): Fields {
  const { $case, value } = fieldsOf(ref);
  return typeof $case === "string" ? { [$case]: value } : {};
}

type Fields = Readonly<Record<string, unknown>>;

const NO_FIELDS: Fields = {};

function fieldsOf(message: unknown): Fields {
  return hasFields(message) ? message : NO_FIELDS;
}

function hasFields(message: unknown): message is Fields {
  return typeof message === "object" && message !== null;
}

/** Without what could move a terminal's cursor or turn the direction of a line. */
export function legible(text: unknown, maxBytes = MAX_BYTES): string | undefined {
  if (typeof text !== "string" || text === "") return undefined;
  return cut(text, maxBytes).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\uFFFD");
}
