// A create beside what its caller has booked with the scheduler in front of this host, where there is one.
import { askedBy, notBooked, quantitiesText, type BookedOn, type Booking } from "../capacity/quantities.ts";
import { AgentError } from "../core/errors.ts";
import type { ClaimId, PciAddress } from "../core/ids.ts";
import type { Room, RoomRequest } from "./room.ts";

/** Who knows what was booked. The stage of schedulers implements it. */
export interface Bookings {
  /**
   * What was booked on this host's GPUs for a claim; undefined where nothing needs to be. Throws FIELD_INVALID, CLAIM_NOT_BOOKED or
   * SCHEDULER_UNAVAILABLE.
   */
  bookingOf(claimId: ClaimId, signal: AbortSignal): Promise<Booking | undefined>;
  /** Told of each create that had to be booked: undefined when it is, otherwise what it is refused with. */
  judged(refusal: AgentError | undefined): void;
}

/** Where no scheduler is in front, or none whose word is asked for. */
export const nothingToBook: Bookings = {
  bookingOf: () => Promise.resolve(undefined),
  judged: () => undefined,
};

/** A create, as far as a booking can cover it. */
export interface Booked {
  readonly claimId: ClaimId;
  readonly room: RoomRequest;
}

/** What is asked for, on the GPU that was booked. Throws CLAIM_NOT_BOOKED where another one is named, or none of several. */
export function whereBooked({ claimId, room }: Booked, booking: Booking | undefined): RoomRequest {
  if (booking?.on !== "gpus" || room.kind === "reserved") return room;
  const gpus = [...booking.byGpu.keys()];
  const { gpu = gpus.length === 1 ? gpus[0] : undefined } = room.wish;
  if (gpu !== undefined && booking.byGpu.has(gpu)) return { ...room, wish: { ...room.wish, gpu } };
  const asked = gpu === undefined ? "the request names none of them" : `GPU ${gpu} is asked for`;
  throw notBookedOn(claimId, gpus, asked);
}

/** Throws CLAIM_NOT_COVERED when less was booked than is asked for, and CLAIM_NOT_BOOKED for a reservation's room elsewhere. */
export function refuseUncovered(
  { claimId, room: request }: Booked,
  { gpu, share }: Pick<Room, "gpu" | "share">,
  booking: Booking | undefined,
): void {
  if (!booking) return;
  const booked = bookedOn(gpu, booking, claimId);
  const missing = notBooked(booked, askedBy(request.wish, share));
  if (!missing) return;
  const where = booking.on === "host" ? "this host" : `GPU ${gpu}`;
  const message =
    `claim ${claimId} has ${quantitiesText(booked.amounts)} booked on ${where}, which lacks ${quantitiesText(missing)} ` +
    "of what is asked for: claim as much as the request names, or ask for less";
  throw new AgentError("CLAIM_NOT_COVERED", message, { details: { claim_id: claimId, gpu } });
}

function bookedOn(gpu: PciAddress, booking: Booking, claimId: ClaimId): BookedOn {
  if (booking.on === "host") return booking.booked;
  const booked = booking.byGpu.get(gpu);
  if (booked) return booked;
  throw notBookedOn(claimId, [...booking.byGpu.keys()], `the room is on GPU ${gpu}`);
}

function notBookedOn(claimId: ClaimId, gpus: readonly PciAddress[], asked: string): AgentError {
  const message = `claim ${claimId} is booked on GPU ${gpus.join(" and ")} of this host, and ${asked}`;
  return new AgentError("CLAIM_NOT_BOOKED", message, {
    details: { claim_id: claimId, gpus: gpus.join(",") },
    field: "vgpu.gpu",
  });
}
