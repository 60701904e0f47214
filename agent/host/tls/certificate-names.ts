// What names a certificate beyond doubt, for revocation lists: the bytes of its issuer and its serial number (RFC 5280, 4.1.2).
import { derElements, derSequence, TAG } from "./der.ts";

export interface CertificateNames {
  /** The issuer's name as it stands there, in hexadecimal: it is compared. */
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

const COMMON_NAME = "550403";

/** Of a name in that form, for people. */
export function commonName(name: string): string {
  const pairs = derSequence(Buffer.from(name, "hex"))
    .flatMap(({ content }) => derElements(content))
    .map(({ content }) => derElements(content));
  const [, value] = pairs.find(([id]) => id?.content.toString("hex") === COMMON_NAME) ?? [];
  return value ? `CN=${value.content.toString("utf8")}` : "(no common name)";
}

/** Node.js puts each part of a name on a line of its own, and has none for an empty one, whatever its types say. */
export function oneLine(name: string | undefined): string {
  return name === undefined ? "(empty)" : name.split("\n").join(", ");
}
