// When each of the TLS listener's files ends, in parts and altogether. Pure.
import type { X509Certificate } from "node:crypto";
import { lastToEnd, type Lifetimes, type Part, type Validity } from "../../core/validity.ts";
import { commonName, oneLine } from "./certificate-names.ts";
import type { RevocationList } from "./revocation-list.ts";

/** Of the host's certificate and those between it and its CA. */
export function chainLifetimes(chain: readonly X509Certificate[]): Lifetimes {
  const parts = chain.map(partOf);
  return { parts, last: parts[0] };
}

/** Of CAs. OpenSSL takes of those with one name and one key whichever is good. */
export function caLifetimes(cas: readonly X509Certificate[]): Lifetimes {
  const parts = groupedBy(cas, keyOf).flatMap((each) => lastToEnd(each.map(partOf)) ?? []);
  return { parts, last: lastToEnd(parts) };
}

/** A list with those of `tls.client_ca` that have signed it; none where a CA below them has. */
export interface SignedList {
  readonly list: RevocationList;
  readonly signers: readonly X509Certificate[];
}

/** Of lists. Of several of one CA the one that is good the longest counts. */
export function listLifetimes(lists: readonly SignedList[]): Lifetimes {
  const named = lists.flatMap(({ list, signers }) =>
    signers.length === 0
      ? [{ by: list.issuer, name: commonName(list.issuer), above: false, validity: list.validity }]
      : signers.map((ca) => ({ by: keyOf(ca), name: nameOf(ca), above: true, validity: list.validity })),
  );
  const cas = groupedBy(named, ({ by }) => by).map(lifetimeOf);
  const parts = cas.flatMap(({ part }) => part ?? []);
  // Everybody's chain ends at one of these.
  const above = cas.filter((ca) => ca.above);
  const endless = above.some(({ part }) => part === undefined);
  return { parts, last: endless ? undefined : lastToEnd(above.flatMap(({ part }) => part ?? [])) };
}

interface OfCa {
  readonly name: string;
  readonly above: boolean;
  readonly validity: Validity | undefined;
}

/** No part: one of the lists never ends. */
function lifetimeOf(lists: readonly OfCa[]): { readonly above: boolean; readonly part: Part | undefined } {
  const parts = lists.flatMap(({ name, validity }) => (validity ? [{ name, validity }] : []));
  const endless = parts.length < lists.length;
  return { above: lists.some(({ above }) => above), part: endless ? undefined : lastToEnd(parts) };
}

function partOf(certificate: X509Certificate): Part {
  const { validFrom, validTo } = certificate;
  return { name: nameOf(certificate), validity: { from: Date.parse(validFrom), until: Date.parse(validTo) } };
}

function nameOf({ subject, serialNumber }: X509Certificate): string {
  return `${oneLine(subject)} (serial ${serialNumber})`;
}

function keyOf({ subject, publicKey }: X509Certificate): string {
  return `${subject}\n${publicKey.export({ type: "spki", format: "der" }).toString("hex")}`;
}

function groupedBy<T>(all: readonly T[], keyFor: (one: T) => string): readonly (readonly T[])[] {
  return [...new Set(all.map(keyFor))].map((key) => all.filter((one) => keyFor(one) === key));
}
