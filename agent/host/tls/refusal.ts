// Why a connection is ended, for the log: the other end is told nothing of it.
import type { Presented } from "./peer.ts";

/** What a connection was ended for: how it spoke, its certificate, its missing role, want of room, or a right that it lost. */
type RefusalKind = "handshake" | "certificate" | "role" | "full" | "ended";

/** A connection that was ended, and why. The other end is told nothing of it. */
export interface Refusal {
  readonly kind: RefusalKind;
  readonly address: string;
  /** OpenSSL's word for what is wrong, as CERT_REVOKED, or one of ours. */
  readonly check: string;
  readonly why: string;
  /** Undefined where no certificate was seen. */
  readonly certificate: Presented | undefined;
}

/** What is wrong with a connection, in a word and in words. */
export type Fault = Pick<Refusal, "kind" | "check" | "why">;

export const NO_CERTIFICATE: Fault = {
  ...{ kind: "certificate", check: "NO_CERTIFICATE" },
  why: "it showed no certificate",
};
export const CERTIFICATE_UNREADABLE: Fault = {
  ...{ kind: "certificate", check: "CERTIFICATE_UNREADABLE" },
  why: "its certificate, or one that signed it, is in another form than RFC 5280 asks for (DER); have it made anew",
};
export const NO_ROLE: Fault = {
  ...{ kind: "role", check: "NO_ROLE" },
  why: "none of the URIs of its certificate has a role in tls_roles",
};
export const NO_HTTP2: Fault = {
  ...{ kind: "handshake", check: "NO_HTTP2" },
  why: "it did not offer HTTP/2 (ALPN h2), which gRPC is spoken over",
};
export const OTHER_CAS: Fault = {
  ...{ kind: "ended", check: "OTHER_CAS" },
  why: "tls.client_ca has changed; it may connect again",
};

/** No room for it. */
export function full(most: string): Fault {
  return { kind: "full", check: "FULL", why: `${most}, the most at a time` };
}

/** A handshake that came to nothing. */
export function handshakeFault(error: Error): Fault {
  const check = "code" in error ? String(error.code) : "HANDSHAKE_FAILED";
  // OpenSSL's text names its own source files beside the words.
  const words = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/i.exec(error.message)?.[1] ?? error.message;
  return { kind: "handshake", check, why: `the handshake failed: ${words}` };
}

/** What OpenSSL found (`openssl verify` has the same words), and what it means where that is not plain. */
export function unauthorized(check: string): Fault {
  return { kind: "certificate", check, why: meanings[check] ?? "its certificate was found wrong" };
}

const meanings: Readonly<Record<string, string>> = {
  CERT_REVOKED: "its certificate is revoked",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; compare the clocks of both machines",
  CRL_HAS_EXPIRED:
    "tls.revocation_list is past its next update, and until there is a new one nobody is let in",
  CRL_NOT_YET_VALID: "tls.revocation_list is not valid yet; compare the clock of this host",
  CRL_SIGNATURE_FAILURE:
    "its CA did not sign the list in tls.revocation_list, or signed none of the certificate",
  UNABLE_TO_GET_CRL: "its CA is not one of tls.client_ca, or tls.revocation_list has no list of one between",
  INVALID_PURPOSE: "its certificate is not one for clients (extended key usage clientAuth)",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "no CA of tls.client_ca signed its certificate",
  UNABLE_TO_GET_ISSUER_CERT:
    "no CA of tls.client_ca signed its certificate, or it did not send the ones between",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "no CA of tls.client_ca signed its certificate, or it did not send the ones between",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is signed by itself",
  SELF_SIGNED_CERT_IN_CHAIN: "the root of its certificate is not in tls.client_ca",
};
