// A certificate revocation list (RFC 5280, 5): who is on it, and until when it is good.
import type { Validity } from "../../core/validity.ts";
import type { CertificateNames } from "./certificate-names.ts";
import { derElements, derSequence, TAG, type DerElement } from "./der.ts";

export interface RevocationList {
  /** Whose certificates it is about, in the form of `CertificateNames.issuer`. */
  readonly issuer: string;
  /** Until its next update; undefined where the list does not say when that is. From then on OpenSSL refuses every certificate. */
  readonly validity: Validity | undefined;
  /** In the form of `CertificateNames.serial`. */
  readonly serials: ReadonlySet<string>;
}

/** @throws Error for bytes that are no such list in DER */
export function readRevocationList(der: Buffer): RevocationList {
  const [body] = derSequence(der);
  if (body?.tag !== TAG.sequence) throw new Error("it is no revocation list");
  const fields = derElements(body.content);
  // The version is left out where it is 1.
  const [, issuer, ...rest] = fields[0]?.tag === TAG.integer ? fields.slice(1) : fields;
  const [from, until] = rest.filter(isTime).map(timeOf);
  if (issuer?.tag !== TAG.sequence || from === undefined) throw new Error("it is no revocation list");
  const revoked = rest.find(({ tag }) => tag === TAG.sequence);
  return {
    issuer: issuer.whole.toString("hex"),
    validity: until === undefined ? undefined : { from, until },
    serials: new Set(revoked ? derElements(revoked.content).map(serialOf) : []),
  };
}

/** Whether one of the lists has one of the certificates. */
export function revokedBy(
  lists: readonly RevocationList[],
  certificates: readonly CertificateNames[],
): boolean {
  return certificates.some(({ issuer, serial }) =>
    lists.some((list) => list.issuer === issuer && list.serials.has(serial)),
  );
}

function isTime({ tag }: DerElement): boolean {
  return tag === TAG.utcTime || tag === TAG.generalizedTime;
}

function serialOf({ content }: DerElement): string {
  const [serial] = derElements(content);
  if (serial?.tag !== TAG.integer) throw new Error("it has an entry without a serial number");
  return serial.content.toString("hex");
}

/** `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` from then on. */
function timeOf({ tag, content }: DerElement): number {
  const text = content.toString("latin1");
  const year = tag === TAG.generalizedTime ? text.slice(0, 4) : fullYear(text.slice(0, 2));
  const rest = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text.slice(tag === TAG.generalizedTime ? 4 : 2));
  if (!rest) throw new Error("it has a time in another form than RFC 5280 asks for");
  const [, month, day, hour, minute, second] = rest;
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(at)) throw new Error(`it has a time that no calendar has: ${text}`);
  return at;
}

function fullYear(two: string): string {
  return Number(two) < 50 ? `20${two}` : `19${two}`;
}
