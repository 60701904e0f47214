// Why an answer lacks what only libvirt, or Xen, tells of.
import { Failure } from "../../../proto/gen/vgpud/v1/errors.ts";
import type { Inventory, Unknown } from "../../inventory/model.ts";
import { AWAY_REASONS } from "../../lifecycle/domains-away.ts";

/** Undefined when it is whole. */
export function toWireIncomplete({ domains }: Pick<Inventory, "domains">): Failure | undefined {
  return domains.known ? undefined : toWireUnknown(domains);
}

export function toWireUnknown({ away, why }: Unknown): Failure {
  return Failure.fromPartial({ reason: AWAY_REASONS[away], message: why });
}
