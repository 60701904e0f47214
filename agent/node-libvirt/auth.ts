// Authentication over a UNIX socket: none, or polkit, where the daemon asks polkitd about the socket's peer.
import { ConnectionLostError } from "./errors.ts";
import type { Procedure } from "./procedure.ts";
import { procedures } from "./remote.gen.ts";

const AUTH_NONE = 0;
const AUTH_SASL = 1;
const AUTH_POLKIT = 2;

type Call = <Args, Ret>(procedure: Procedure<Args, Ret>, args: Args) => Promise<Ret>;

/**
 * Must be the first calls of a connection. Fails closed: ConnectionLostError `auth-refused` for a method not spoken
 * here, LibvirtError (code 45 or 94) when polkit says no.
 */
export async function authenticate(call: Call): Promise<void> {
  const { types } = await call(procedures.authList, undefined);
  if (types.includes(AUTH_NONE)) return;
  if (types.includes(AUTH_POLKIT)) {
    await call(procedures.authPolkit, undefined);
    return;
  }
  const wanted = types.includes(AUTH_SASL) ? "SASL" : `method ${types.join(", ") || "none at all"}`;
  throw new ConnectionLostError(
    "auth-refused",
    `the daemon asks for ${wanted}; only none and polkit are spoken here, set auth_unix_rw in its configuration`,
  );
}
