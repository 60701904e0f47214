// Which rights a client of the TLS listener has. Pure.
import type { SocketName } from "./access.ts";

/** The URIs that have a role, as they are configured. */
export type Roles = Readonly<Record<SocketName, readonly string[]>>;

/**
 * The greatest role that one of the URIs of a certificate has, with that URI; undefined when none has one. Compared letter by
 * letter: no pattern, no part of a URI, and no other name of a certificate gives a right.
 */
export function roleOf(
  uris: readonly string[],
  roles: Roles,
): { readonly role: SocketName; readonly uri: string } | undefined {
  for (const role of ["admin", "read"] as const) {
    const uri = uris.find((each) => roles[role].includes(each));
    if (uri !== undefined) return { role, uri };
  }
  return undefined;
}
