// Puts the fault LIBVIRT_ERROR before every procedure of the simulated daemon.
import { uuidText } from "../../node-libvirt/domain-ref.ts";
import type { Handler, Handlers } from "../../node-libvirt/server.ts";
import type { ProcedureName } from "../../node-libvirt/remote.gen.ts";
import type { FaultBoard, Occasion } from "../faults/board.ts";
import { internalError } from "./refusals.ts";

/** What a procedure that takes flags is called after one that takes none. */
const WITH_FLAGS = /(With)?Flags$/;

export function failing(faults: FaultBoard, handlers: Handlers): Handlers {
  // A procedure without arguments gets undefined.
  const wrapped = Object.entries(handlers).map(([method, handler]) => [
    method,
    (args: object | undefined, session: Parameters<Handler<ProcedureName>>[1]): unknown => {
      const fault = faults.strike("LIBVIRT_ERROR", occasionOf(method, args ?? {}));
      if (fault !== undefined) throw internalError(fault.message ?? method);
      return (handler as (args: object | undefined, of: typeof session) => unknown)(args, session);
    },
  ]);
  return Object.fromEntries(wrapped) as Handlers;
}

function occasionOf(method: string, args: object): Occasion {
  return { target: [method, method.replace(WITH_FLAGS, "")], object: namesIn(args) };
}

/** The domain that a call is about, by all its names: it refers to one, or brings its XML. */
function namesIn(args: object): readonly string[] {
  const { dom, xml, xmlDesc } = args as {
    readonly dom?: { readonly name: string; readonly uuid: Uint8Array } | null;
    readonly xml?: string;
    readonly xmlDesc?: string;
  };
  const text = xml ?? xmlDesc ?? "";
  const inText = ["name", "uuid"].flatMap((tag) => new RegExp(`<${tag}>([^<]*)<`).exec(text)?.[1] ?? []);
  return dom ? [dom.name, uuidText(dom.uuid)] : inText;
}
