// Reservations as the contract shows them.
import * as pb from "../../../proto/gen/vgpud/v1/reservation.ts";
import type { Inventory } from "../../inventory/model.ts";
import { typeOf } from "../../inventory/share.ts";
import { isXengt } from "../../inventory/xengt.ts";
import type { Claim } from "../../lifecycle/claim.ts";
import { toWireClaimState } from "./claim.ts";
import { toWireSizesOf, toWireBackend } from "./gpu.ts";

/** A reservation, or the one that a claim was bound from, which has no end of its own any more. */
export function toWireReservation(claim: Claim, inventory: Inventory | undefined): pb.Reservation {
  const { vgpuId, gpu, share } = claim;
  const reserved = claim.kind === "reservation" ? claim : claim.reservation;
  return pb.Reservation.fromPartial({
    ...{ claimId: reserved?.claimId ?? claim.claimId, vgpuId, gpu, type: typeOf(share) },
    backend: toWireBackend(share.mode, { xengt: isXengt(inventory) }),
    sizes: toWireSizesOf(share),
    claimState: toWireClaimState(claim),
    createTime: new Date(reserved?.createdAt ?? claim.createdAt),
    expireTime: claim.kind === "reservation" ? new Date(claim.expiresAt) : undefined,
  });
}
