// Who can make a call: one connection, or a link that keeps several.
import type { CallOptions } from "./connection.ts";
import type { Procedure } from "./procedure.ts";

/**
 * `work` changes something and may take long; `read` must not wait behind it. `figures` ask one hypervisor process after the
 * other, and one that has stopped keeps the call until it goes on. A single connection knows no lanes.
 */
export type Lane = "work" | "read" | "figures";

export interface Caller {
  call<Args, Ret>(
    procedure: Procedure<Args, Ret>,
    args: Args,
    options: CallOptions & { readonly lane: Lane },
  ): Promise<Ret>;
}
