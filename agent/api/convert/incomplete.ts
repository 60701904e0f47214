// Why a list lacks what only libvirt tells of.
import { Failure } from "../../../proto/gen/vgpud/v1/errors.ts";
import type { Inventory } from "../../inventory/model.ts";

/** Undefined when it is whole. */
export function toWireIncomplete({ domains }: Pick<Inventory, "domains">): Failure | undefined {
  if (domains.known) return undefined;
  return Failure.fromPartial({ reason: "LIBVIRT_UNAVAILABLE", message: domains.why });
}
