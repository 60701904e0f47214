// Who is at the other end of a TLS connection, as its certificate says.
import type { X509Certificate } from "node:crypto";
import { Socket } from "node:net";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { printable } from "../../hostd/printable.ts";
import { urisOf } from "./alternative-names.ts";
import { certificateNames, type CertificateNames } from "./certificate-names.ts";
import { oneLine } from "./certificate-names.ts";

/** Texts of a stranger's certificate go to the log: no more than this many characters of each. */
const MAX_TEXT = 200;
const MAX_URIS = 8;
/** More issuers than any chain that OpenSSL takes. */
const MAX_CHAIN = 20;

/** What a certificate says, to be shown. */
export interface Presented {
  readonly subject: string;
  readonly issuer: string;
  /** In hexadecimal, as `openssl x509 -serial` shows it. */
  readonly serial: string;
  readonly uris: readonly string[];
}

export interface Peer extends Presented {
  /** `192.0.2.7:41822`. */
  readonly address: string;
  /** When the first of the chain is over, milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The certificate with its issuers, as far as they are known. */
  readonly chain: readonly CertificateNames[];
}

/** Undefined without a certificate, or where nothing can be said of it: strangers write what they like. */
export function presentedBy(socket: TLSSocket): Presented | undefined {
  try {
    const certificate = socket.getPeerX509Certificate();
    return certificate && presented(certificate);
  } catch {
    return undefined;
  }
}

/** Of a connection whose certificate was found good. @throws Error where it is in a form that vgpud does not read */
export function peerOf(
  certificate: X509Certificate,
  chain: readonly DetailedPeerCertificate[],
  address: string,
): Peer {
  const ends = [certificate.validTo, ...chain.map(({ valid_to: end }) => end)].map((end) => Date.parse(end));
  return {
    ...presented(certificate),
    // Whole: by these rights are given.
    uris: urisOf(certificate.subjectAltName),
    ...{ address, expiresAt: Math.min(...ends), chain: chain.map(({ raw }) => certificateNames(raw)) },
  };
}

/** `192.0.2.7:41822`, `[2001:db8::7]:41822`. */
export function addressOf({
  remoteAddress = "",
  remotePort = 0,
}: Pick<TLSSocket, "remoteAddress" | "remotePort">): string {
  return `${remoteAddress.includes(":") ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`;
}

/**
 * What a TLS connection began with, whose address was read then: of one that its peer has left, as who does not take the host's certificate,
 * the system tells none any more. Node.js keeps it without a word in its documentation (lib/_tls_wrap.js, TLSSocket._init); where it is not
 * there, the connection itself.
 */
export function underneath(connection: TLSSocket): Socket {
  const parent: unknown = Reflect.get(connection, "_parent");
  return parent instanceof Socket ? parent : connection;
}

function presented({ subject, issuer, serialNumber, subjectAltName }: X509Certificate): Presented {
  return {
    subject: shown(oneLine(subject)),
    issuer: shown(oneLine(issuer)),
    serial: shown(serialNumber),
    uris: urisOf(subjectAltName).slice(0, MAX_URIS).map(shown),
  };
}

function shown(text: string): string {
  return printable(text, MAX_TEXT);
}

/**
 * The certificate with its issuers; empty without one. To be asked before `getPeerX509Certificate`, which takes the issuers that were
 * sent out of OpenSSL's chain.
 */
export function chainOf(socket: TLSSocket): DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  let at: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (at?.raw && chain.length < MAX_CHAIN) {
    chain.push(at);
    // A root is its own issuer.
    at = at.issuerCertificate === at ? undefined : at.issuerCertificate;
  }
  return chain;
}
