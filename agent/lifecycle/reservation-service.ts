// What a caller can have done to a reservation: make, renew, release. Each is done once it is written: nothing is on the host.
import type { Clock } from "../core/clock.ts";
import type { ClaimId } from "../core/ids.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { Wish } from "../capacity/wish.ts";
import type { Lookout } from "../inventory/lookout.ts";
import type { Admission } from "./admission.ts";
import type { Caller } from "./caller.ts";
import { changed, tombstone, type Claim, type Reservation } from "./claim.ts";
import type { Ledger } from "./ledger.ts";
import { nearNobody } from "./near-nodes.ts";
import { newReservation } from "./new-claim.ts";
import { reservationOfRetry, type RequestIdentity } from "./requests.ts";
import { livingReservation, livingReservations, type Room } from "./room.ts";

export interface ReserveRequest extends RequestIdentity {
  readonly claimId: ClaimId;
  readonly wish: Wish;
  /** From the moment that it is accepted, milliseconds. */
  readonly ttlMs: number;
  /** Checks and places, and does nothing. */
  readonly validateOnly: boolean;
}

export interface ReservationServiceOptions {
  readonly ledger: Ledger;
  readonly admission: Admission;
  readonly lookout: Lookout;
  readonly clock: Clock;
}

export class ReservationService {
  readonly #options: ReservationServiceOptions;

  constructor(options: ReservationServiceOptions) {
    this.#options = options;
  }

  /** Resolves with the claim that it has become for a retry that comes late, and with the room alone for a validate-only request. */
  async create(request: ReserveRequest, caller: Caller): Promise<Claim | Room> {
    const { ledger, admission, lookout, clock } = this.#options;
    const known = reservationOfRetry(ledger, request, clock.wall());
    if (known) return this.#joined(known, request, caller);
    const inventory = await untilAborted(lookout.fresh(), caller.signal);
    caller.signal.throwIfAborted();
    // From here to the put nothing is awaited: two requests cannot be promised the same room.
    const raced = reservationOfRetry(ledger, request, clock.wall());
    if (raced) return this.#joined(raced, request, caller);
    const { claimId, validateOnly, wish } = request;
    const about = { claimId, domainName: undefined, trace: caller.trace, validateOnly };
    const room = admission.freeRoom(nearNobody(wish), inventory, about);
    if (validateOnly) return room;
    const wall = clock.wall();
    const { bootId } = inventory.host;
    const reservation = newReservation({ request, room, wall, bootId }, wall + request.ttlMs);
    caller.onClaim(reservation);
    await ledger.put(reservation);
    return reservation;
  }

  /** The reservation, or the living claim that was bound from it; throws RESERVATION_NOT_FOUND. */
  get(name: ClaimId): Claim {
    const { ledger, clock } = this.#options;
    const claim = ledger.byReservation(name);
    const bound = claim !== undefined && claim.kind !== "reservation" && claim.state !== "gone";
    return bound ? claim : livingReservation(ledger, name, clock.wall());
  }

  /** Those that hold room, by name. */
  list(): Reservation[] {
    const { ledger, clock } = this.#options;
    return livingReservations(ledger, clock.wall());
  }

  /** Moves its end to `ttlMs` from now, be it later or earlier. */
  async renew(name: ClaimId, ttlMs: number, caller: Caller): Promise<Reservation> {
    const { ledger, clock } = this.#options;
    const wall = clock.wall();
    const renewed = changed(livingReservation(ledger, name, wall), { expiresAt: wall + ttlMs }, wall);
    await this.#put(renewed, caller);
    return renewed;
  }

  /** Gives the room back; one that has ended already stays so. */
  async release(name: ClaimId, caller: Caller): Promise<Reservation> {
    const { ledger, clock } = this.#options;
    const wall = clock.wall();
    const ended = ledger.byReservation(name);
    const over = { state: "gone", goal: "absent" } as const;
    const reservation = ended?.kind === "reservation" ? ended : livingReservation(ledger, name, wall);
    if (reservation.state === "gone") return reservation;
    const released = changed(reservation, over, wall);
    await this.#put(tombstone(released), caller);
    return released;
  }

  async #put(reservation: Reservation, { signal, onClaim }: Caller): Promise<void> {
    signal.throwIfAborted();
    onClaim(reservation);
    await this.#options.ledger.put(reservation);
  }

  /** What the same request made before, when it is on disk: the one that made it may still be writing. */
  async #joined({ vgpuId }: Claim, request: ReserveRequest, caller: Caller): Promise<Claim | Room> {
    const written = await untilAborted(this.#options.ledger.written(vgpuId), caller.signal);
    // It could not be written, so that it is as if it had never been asked: this one tries itself.
    if (!written) return this.create(request, caller);
    caller.onClaim(written);
    return written;
  }
}
