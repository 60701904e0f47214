// Who can make a call: one connection, or a link that keeps several.
import type { CallOptions } from "./connection.ts";
import type { Procedure } from "./procedure.ts";

/** `work` changes something and may take long; `read` must not wait behind it. A single connection knows no lanes. */
export type Lane = "work" | "read";

export interface Caller {
  call<Args, Ret>(
    procedure: Procedure<Args, Ret>,
    args: Args,
    options: CallOptions & { readonly lane: Lane },
  ): Promise<Ret>;
}
