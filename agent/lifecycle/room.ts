// Where the slice of a new claim is to be: in room that was free, or in that of a reservation.
import { AgentError } from "../core/errors.ts";
import type { ClaimId } from "../core/ids.ts";
import { serves } from "../capacity/pools.ts";
import { leastIn, meantType, modesWanted, wishText, type Wish } from "../capacity/wish.ts";
import type { Gpu, Inventory } from "../inventory/model.ts";
import { typeOf, type Share } from "../inventory/share.ts";
import { hasEnded, type Claim, type Reservation, type SliceClaim } from "./claim.ts";
import type { Ledger } from "./ledger.ts";

/** What a create asks for. */
export type RoomRequest = { readonly kind: "free"; readonly wish: Wish } | ReservedRoom;

export interface ReservedRoom {
  readonly kind: "reserved";
  readonly reservation: ClaimId;
  /** What the caller takes it for; undefined when it did not say. */
  readonly wish: Wish | undefined;
}

/** The reservation whose room is asked for; undefined when none is. */
export function reservationIn(room: RoomRequest): ClaimId | undefined {
  return room.kind === "reserved" ? room.reservation : undefined;
}

/** What a claim has from where it is placed. */
export type Room = Pick<SliceClaim, "vgpuId" | "gpu" | "share" | "placement" | "reservation">;

/** The reservations that hold room, by name. */
export function livingReservations(ledger: Ledger, wall: number): Reservation[] {
  return ledger
    .living()
    .filter((claim) => claim.kind === "reservation")
    .filter((reservation) => !hasEnded(reservation, wall))
    .sort((a, b) => (a.claimId < b.claimId ? -1 : 1));
}

/** The reservation of that name; throws RESERVATION_NOT_FOUND when there is none or it has ended, CLAIM_STATE once it is bound. */
export function livingReservation(ledger: Ledger, name: ClaimId, wall: number): Reservation {
  const claim = ledger.byReservation(name);
  if (claim?.kind === "reservation" && !hasEnded(claim, wall)) return claim;
  const details = { reservation: name };
  if (!claim) throw new AgentError("RESERVATION_NOT_FOUND", `there is no reservation ${name}`, { details });
  if (claim.kind === "reservation" || claim.state === "gone")
    throw new AgentError("RESERVATION_NOT_FOUND", `reservation ${name} ${howItEnded(claim)}`, { details });
  throw new AgentError("CLAIM_STATE", `reservation ${name} is bound to claim ${claim.claimId}`, {
    details: { ...details, claim_id: claim.claimId, state: claim.state },
  });
}

/** Of a reservation that is over, or the claim that was bound from it and is. */
function howItEnded(claim: Claim): string {
  if (claim.kind !== "reservation") return `was bound to claim ${claim.claimId}, which is over`;
  const released = claim.state === "gone" && claim.updatedAt < claim.expiresAt;
  const at = new Date(released ? claim.updatedAt : claim.expiresAt).toISOString();
  return released ? `was released at ${at}` : `ran out at ${at}`;
}

/** Throws RESERVATION_MISMATCH when what is asked for is not what was reserved. */
export function refuseOther(wish: Wish, { claimId, gpu, share }: Reservation, { gpus }: Inventory): void {
  const type = typeOf(share);
  const details = { reservation: claimId, gpu, type };
  const holds = `reservation ${claimId} holds room for ${type} on GPU ${gpu}`;
  if (wish.gpu !== undefined && wish.gpu !== gpu)
    throw new AgentError("RESERVATION_MISMATCH", `${holds}, and GPU ${wish.gpu} is asked for`, { details });
  if (isMetBy(wish, share, gpus.get(gpu))) return;
  const meant = modesWanted(wish).includes("gvt-g") ? meantType(wish, gpus.get(gpu)?.types ?? []) : undefined;
  const other = meant ? `${wishText(wish)}, which is ${meant.name} there,` : wishText(wish);
  throw new AgentError("RESERVATION_MISMATCH", `${holds}, and ${other} is asked for`, { details });
}

/**
 * Who names a type, sizes or a mode means one type of the GPU, which it has to be; who says what is needed is served by whatever
 * has as much, be it the first of the needs or the last.
 */
function isMetBy(wish: Wish, share: Share, gpu: Gpu | undefined): boolean {
  if (!modesWanted(wish).includes(share.mode)) return false;
  switch (share.mode) {
    case "gvt-g":
      return wish.size.by === "needs"
        ? meantType(wish, [{ name: share.type, sizes: share.sizes }]) !== undefined
        : meantType(wish, gpu?.types ?? [])?.name === share.type;
    case "sriov": {
      const quota = gpu?.sriov?.functions.find(({ number }) => number === share.number)?.quota;
      return serves({ share, amounts: quota }, leastIn("sriov", wish));
    }
    case "gvt-d":
    case "gvt-s":
      return true;
  }
}

/** The room as the reservation's, under the name that it already has. */
export function roomOf(reservation: Reservation): Room {
  const { vgpuId, gpu, share, placement } = reservation;
  const { claimId, requestDigest, requests, createdAt, expiresAt } = reservation;
  return {
    ...{ vgpuId, gpu, share, placement },
    reservation: { claimId, requestDigest, requests, createdAt, expiresAt },
  };
}
