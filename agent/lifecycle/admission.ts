// What a create has to pass before it is promised anything: its files, its name, its place.
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import type { ClaimId, VgpuId } from "../core/ids.ts";
import type { TraceContext } from "../core/trace.ts";
import {
  NotPlacedError,
  place,
  refusedWhere,
  type Decision,
  type Placed,
  type Refusal,
} from "../capacity/place.ts";
import type { Wish } from "../capacity/wish.ts";
import type { Inventory } from "../inventory/model.ts";
import { typeOf } from "../inventory/share.ts";
import type { Claim, DomainClaim } from "./claim.ts";
import type { DomainSpec } from "./domain-spec.ts";
import { holdsRoom, type Ledger } from "./ledger.ts";
import type { RequestIdentity } from "./requests.ts";
import {
  livingReservation,
  refuseOther,
  roomOf,
  type ReservedRoom,
  type Room,
  type RoomRequest,
} from "./room.ts";
import { refuseShared } from "./shared-disks.ts";
import type { SpecGate } from "./spec-gate.ts";
import { stockOf, type GivenOutBy } from "./stock.ts";
import { domainsAway } from "./domains-away.ts";
import type { Booking } from "../capacity/quantities.ts";
import { refuseUncovered, whereBooked, type Booked, type Bookings } from "./booked.ts";

export interface CreateRequest extends RequestIdentity {
  readonly claimId: ClaimId;
  readonly spec: DomainSpec;
  readonly room: RoomRequest;
  /** Checks and places as a create does, and does nothing. */
  readonly validateOnly: boolean;
}

/** Where a vGPU is to go or why nowhere, and on whose behalf that was decided. */
export interface PlacementEvent {
  readonly decision: Decision;
  readonly claimId: ClaimId;
  /** Undefined when the domain is not known, or there is none. */
  readonly domainName: string | undefined;
  /** Of the request; undefined when it names none. */
  readonly trace: TraceContext | undefined;
  /** Nothing comes of it. */
  readonly validateOnly: boolean;
}

export interface AdmissionOptions extends GivenOutBy {
  readonly gate: SpecGate;
  readonly bookings: Bookings;
  readonly clock: Clock;
  readonly newVgpuId: () => VgpuId;
  /** How many vGPUs callers may have at a time, reserved ones included. */
  readonly maxVgpus: number;
  /** Told of every decision. */
  readonly onPlacement: (event: PlacementEvent) => void;
}

export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** The specification as this host can serve it; throws all that it cannot. */
  admit(spec: DomainSpec): Promise<DomainSpec> {
    return this.#options.gate.admit(spec);
  }

  /** What the caller has booked for the claim, where a scheduler is in front of this host. Throws as `Bookings` does. */
  async bookingOf(claimId: ClaimId, signal: AbortSignal): Promise<Booking | undefined> {
    try {
      return await this.#options.bookings.bookingOf(claimId, signal);
    } catch (error) {
      throw this.#judged(error);
    }
  }

  /** As `whereBooked`. */
  whereBooked(asked: Booked, booking: Booking | undefined): RoomRequest {
    try {
      return whereBooked(asked, booking);
    } catch (error) {
      throw this.#judged(error);
    }
  }

  /** As the function of that name; what is not refused is verified. */
  refuseUncovered(asked: Booked, room: Pick<Room, "gpu" | "share">, booking: Booking | undefined): void {
    try {
      refuseUncovered(asked, room, booking);
    } catch (error) {
      throw this.#judged(error);
    }
    if (booking) this.#options.bookings.judged(undefined);
  }

  /** Throws when a domain of the host or a claim has the UUID, the name or one of the disks. */
  refuseTaken(spec: DomainSpec, inventory: Inventory): void {
    const { domains } = inventory;
    if (!domains.known) throw domainsAway(domains);
    const { ledger } = this.#options;
    const { id, name } = spec;
    if (domains.value.has(id) || ledger.byDomainId(id))
      throw new AgentError("DOMAIN_UUID_EXISTS", `a domain with UUID ${id} exists already`, {
        details: { domain_uuid: id },
        field: "domain.uuid",
      });
    const namesake = [...domains.value.values()].find((domain) => domain.name === name);
    if (namesake || ledger.byDomainName(name))
      throw new AgentError("DOMAIN_NAME_EXISTS", `a domain named ${name} exists already`, {
        details: { domain_name: name },
        field: "domain.name",
      });
    refuseShared(spec, ledger, inventory);
  }

  /** Room that nobody has, and that the guest can have when it is known. Throws NotPlacedError or CALLERS_LIMIT_REACHED. */
  freeRoom(
    wish: Wish,
    inventory: Inventory,
    about: Omit<PlacementEvent, "decision">,
    refusal?: Refusal,
  ): Room {
    const placement = this.#place(wish, inventory, about, refusal);
    const { gpu, share } = placement;
    return { vgpuId: this.#options.newVgpuId(), gpu, share, placement, reservation: undefined };
  }

  /**
   * The room of a reservation, which passes over when the claim that is made from it is put. Throws RESERVATION_NOT_FOUND,
   * CLAIM_STATE or RESERVATION_MISMATCH, and NotPlacedError where nothing can be made now.
   */
  reservedRoom({ reservation: name, wish }: ReservedRoom, inventory: Inventory): Room {
    const { ledger, clock } = this.#options;
    const reservation = livingReservation(ledger, name, clock.wall());
    if (wish) refuseOther(wish, reservation, inventory);
    this.refuseUncounted(reservation, inventory);
    return roomOf(reservation);
  }

  /**
   * Before a slice is made whose room is promised already. Throws NotPlacedError where the kernel does not count: as a rule its
   * driver hangs, and to ask it for one would hang as well. A slice that is there is no more asked for.
   */
  refuseUncounted(claim: Pick<Claim, "vgpuId" | "gpu" | "share">, inventory: Inventory): void {
    const refusal = inventory.vgpus.has(claim.vgpuId) ? undefined : refusedWhere(claim, inventory);
    if (refusal) throw new NotPlacedError(refusal);
  }

  #place(
    wish: Wish,
    inventory: Inventory,
    about: Omit<PlacementEvent, "decision">,
    refusal?: Refusal,
  ): Placed {
    const { ledger, maxVgpus, onPlacement } = this.#options;
    const stock = stockOf(inventory, this.#options);
    const decision = place(wish, refusal ? { ...stock, doubt: () => undefined } : stock, refusal);
    // What there is no room for, or no type, is told as that.
    if (decision.ok) refuseBeyond(maxVgpus, ledger);
    onPlacement({ ...about, decision });
    if (decision.ok) return decision;
    throw new NotPlacedError(decision);
  }

  /**
   * Before a domain that is off is to run: a released slice has to be found room for again, on the GPU the claim was placed
   * on, and is a new one there. Throws NotPlacedError or CALLERS_LIMIT_REACHED.
   */
  refuseWithoutRoom(claim: DomainClaim, inventory: Inventory, trace: TraceContext | undefined): void {
    const { claimId, vgpuId, gpu, share, domain } = claim;
    if (inventory.vgpus.has(vgpuId) || holdsRoom(claim)) return;
    const functionNumber = share.mode === "sriov" ? share.number : undefined;
    const wish: Wish = { size: { by: "type", type: typeOf(share) }, gpu, policy: "pack", functionNumber };
    this.#place(wish, inventory, { claimId, domainName: domain.name, trace, validateOnly: false });
  }

  #judged(error: unknown): unknown {
    if (error instanceof AgentError) this.#options.bookings.judged(error);
    return error;
  }
}

/** Of the host's room nothing is said: who may have no more of it asks another host, or gives something back. */
function refuseBeyond(maxVgpus: number, ledger: Ledger): void {
  const had = ledger.holdings().length;
  if (had < maxVgpus) return;
  throw new AgentError(
    "CALLERS_LIMIT_REACHED",
    `vgpud's callers have ${had} vGPUs, reserved ones included, and may have ${maxVgpus}: give one back, or raise limits.vgpus in the configuration`,
    { details: { had: String(had), allowed: String(maxVgpus) } },
  );
}
