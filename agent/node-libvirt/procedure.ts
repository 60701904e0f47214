// What the generated table holds for each procedure and each event of the remote protocol.
import type { Codec } from "./xdr.ts";

/** A call: its number on the wire, its name in the protocol and how arguments and reply are coded. */
export interface Procedure<Args, Ret> {
  readonly number: number;
  readonly name: string;
  readonly args: Codec<Args>;
  readonly ret: Codec<Ret>;
}

/** A message that the daemon sends on its own account. */
export interface RemoteEvent<Message> {
  readonly number: number;
  readonly name: string;
  readonly message: Codec<Message>;
}
