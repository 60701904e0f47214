// Identifiers that look alike as strings must not be interchangeable as types. Each is parsed once, at the rim.

declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };

/** A PCI function as `dddd:bb:ss.f`, lower case: how a GPU is named everywhere (`card0` may change at a reboot). */
export type PciAddress = Id<"PciAddress">;
/** A lower-case UUID: an mdev's own, or the one issued with the claim. */
export type VgpuId = Id<"VgpuId">;
/** libvirt's UUID of a domain, lower case. */
export type DomainId = Id<"DomainId">;
/** The caller's own opaque name for a claim, 1 to 128 printable characters. */
export type ClaimId = Id<"ClaimId">;

const PCI_ADDRESS = /^[0-9a-f]{4}:[0-9a-f]{2}:[0-1][0-9a-f]\.[0-7]$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
// Printable, without leading or trailing space: an id is logged, put into XML and shown in tables.
const CLAIM_ID = /^[\x21-\x7e]([\x20-\x7e]{0,126}[\x21-\x7e])?$/;

export function parsePciAddress(text: string): PciAddress | undefined {
  const lower = text.toLowerCase();
  return PCI_ADDRESS.test(lower) ? (lower as PciAddress) : undefined;
}

export function parseVgpuId(text: string): VgpuId | undefined {
  return parseUuid(text) as VgpuId | undefined;
}

export function parseDomainId(text: string): DomainId | undefined {
  return parseUuid(text) as DomainId | undefined;
}

export function parseClaimId(text: string): ClaimId | undefined {
  return CLAIM_ID.test(text) ? (text as ClaimId) : undefined;
}

function parseUuid(text: string): string | undefined {
  const lower = text.toLowerCase();
  return UUID.test(lower) ? lower : undefined;
}
