// The API for other machines, as an operator opens it.
import * as z from "zod";
import { about } from "./about.ts";
import { absolutePath, ipAddress, splitAddress, uri } from "./forms.ts";

export const tlsKeys = z
  .strictObject({
    listen: ipAddress.optional().register(about, {
      meaning:
        "Where the gRPC API is served to other machines, by TLS 1.3 alone and to clients with a certificate alone (docs/tls.md). " +
        "Needs `tls.certificate`, `tls.key` and `tls.client_ca`.",
      takes: "HOST:PORT, the host an IP address or localhost; port 0 takes a free one",
      example: "192.0.2.10:9470",
      otherwise: "nothing listens for TLS",
    }),
    certificate: absolutePath.optional().register(about, {
      meaning: "This host's certificate in PEM, followed by those of the CAs between it and the root.",
      takes: "an absolute path",
      example: "/etc/vgpud/tls/host.pem",
      otherwise: "none",
    }),
    key: absolutePath.optional().register(about, {
      meaning:
        "The key of `tls.certificate` in PEM, not encrypted. Refused where every user of the host has rights on it.",
      takes: "an absolute path",
      example: "/etc/vgpud/tls/host.key",
      otherwise: "none",
    }),
    client_ca: absolutePath.optional().register(about, {
      meaning:
        "Root CAs in PEM whose certificates clients may have, with those between where clients do not send them. The " +
        "system's CAs are never asked.",
      takes: "an absolute path",
      example: "/etc/vgpud/tls/clients-ca.pem",
      otherwise: "none",
    }),
    revocation_list: absolutePath.optional().register(about, {
      meaning:
        "Revocation lists in PEM, one of each CA of `tls.client_ca`. A list that is past its next update lets nobody in.",
      takes: "an absolute path",
      example: "/etc/vgpud/tls/clients.crl",
      otherwise: "no certificate is revoked before it ends",
    }),
  })
  .prefault({});

/** The clients that have a role; `what` is what they may do. */
function roleOf(what: string) {
  return z
    .array(uri)
    .default([])
    .register(about, {
      meaning:
        `Clients of \`tls.listen\` that may ${what}: those with one of these URIs among the alternative names of their ` +
        "certificate. Compared letter by letter; no other name in a certificate gives a right.",
      takes: "a list of URIs, as [spiffe://example.org/scheduler]",
    });
}

export const tlsRoleKeys = z
  .strictObject({
    admin: roleOf("call everything, which is as much as being root"),
    read: roleOf("call what changes nothing"),
  })
  .prefault({});

interface TlsSection {
  readonly tls: z.infer<typeof tlsKeys>;
}

/** The listener for TLS with all that it needs; undefined where none is asked for. */
export function tlsOf({ tls }: TlsSection): TlsSettings | undefined {
  const { listen, certificate, key, client_ca: clientCa, revocation_list: revocationList } = tls;
  if (listen === undefined || certificate === undefined || key === undefined || clientCa === undefined)
    return undefined;
  return { ...splitAddress(listen), files: { certificate, key, clientCa, revocationList } };
}

export interface TlsSettings {
  readonly host: string;
  readonly port: number;
  readonly files: {
    readonly certificate: string;
    readonly key: string;
    readonly clientCa: string;
    readonly revocationList: string | undefined;
  };
}
