// What names a certificate beyond doubt, for revocation lists: the bytes of its issuer and its serial number (RFC 5280, 4.1.2).
import { derElements, derSequence, TAG } from "./der.ts";

export interface CertificateNames {
  /** The issuer's name as it stands there, in hexadecimal: names are compared, never shown. */
  readonly issuer: string;
  readonly subject: string;
  /** The serial number's bytes in hexadecimal. */
  readonly serial: string;
}

/** Of a certificate in DER. @throws Error for other bytes */
export function certificateNames(der: Buffer): CertificateNames {
  const [body] = derSequence(der);
  if (!body) throw new Error("it is no certificate");
  const [first, ...others] = derElements(body.content);
  // The version comes first, and is left out where it is 1.
  const [serial, , issuer, , subject] =
    first?.tag === TAG.context0 ? others : [...(first ? [first] : []), ...others];
  if (serial?.tag !== TAG.integer || !issuer || !subject) throw new Error("it is no certificate");
  return {
    issuer: issuer.whole.toString("hex"),
    subject: subject.whole.toString("hex"),
    serial: serial.content.toString("hex"),
  };
}
