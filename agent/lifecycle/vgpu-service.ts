// What a caller can have done to a vGPU whose domain somebody else manages: create and delete.
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import type { ClaimId, DomainId, VgpuId } from "../core/ids.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { Wish } from "../capacity/wish.ts";
import type { Inventory, Labels } from "../inventory/model.ts";
import type { Lookout } from "../inventory/lookout.ts";
import type { Admission } from "./admission.ts";
import type { Caller } from "./caller.ts";
import type { VgpuClaim } from "./claim.ts";
import { refuseUnfitDomain } from "./for-domain.ts";
import type { GpuModes } from "./gpu-modes.ts";
import type { Intents, Result } from "./intents.ts";
import type { Ledger } from "./ledger.ts";
import { nearNobody } from "./near-nodes.ts";
import { newVgpuClaim } from "./new-claim.ts";
import { isSeen } from "./others.ts";
import { claimOfRetry, type RequestIdentity } from "./requests.ts";
import { reservationIn, type Room, type RoomRequest } from "./room.ts";
import { isGivenUp } from "./settled.ts";

export interface CreateVgpuRequest extends RequestIdentity {
  readonly claimId: ClaimId;
  readonly room: RoomRequest;
  readonly forDomain: DomainId | undefined;
  readonly labels: Labels;
  /** Checks and places as a create does, and does nothing. */
  readonly validateOnly: boolean;
}

export type VgpuResult = Result<VgpuClaim>;

export interface VgpuServiceOptions {
  readonly ledger: Ledger;
  readonly modes: Pick<GpuModes, "current">;
  readonly admission: Admission;
  readonly lookout: Lookout;
  readonly intents: Intents;
  readonly clock: Clock;
}

export class VgpuService {
  readonly #options: VgpuServiceOptions;

  constructor(options: VgpuServiceOptions) {
    this.#options = options;
  }

  /** Needs the kernel's facts alone. Resolves with the room alone for a validate-only request. */
  async create(request: CreateVgpuRequest, caller: Caller): Promise<VgpuResult | Room> {
    const { ledger, admission, lookout, intents, clock } = this.#options;
    const identity = { ...request, reservation: reservationIn(request.room) };
    const known = claimOfRetry(ledger, "vgpu", identity);
    if (known) return intents.joinCreate(known, caller);
    const booking = await untilAborted(admission.bookingOf(request.claimId, caller.signal), caller.signal);
    const inventory = await untilAborted(lookout.fresh(), caller.signal);
    caller.signal.throwIfAborted();
    // From here to the put nothing is awaited: two requests cannot be promised the same room.
    const raced = claimOfRetry(ledger, "vgpu", identity);
    if (raced) return intents.joinCreate(raced, caller);
    const { claimId, validateOnly } = request;
    const about = { claimId, domainName: undefined, trace: caller.trace, validateOnly };
    const asked = admission.whereBooked(request, booking);
    const room =
      asked.kind === "reserved"
        ? admission.reservedRoom(asked, inventory)
        : admission.freeRoom(besideSeats(nearNobody(asked.wish)), inventory, about);
    admission.refuseUncovered(request, room, booking);
    refuseSeat(room);
    refuseUnfitDomain({ share: room.share, forDomain: request.forDomain }, inventory, ledger);
    if (validateOnly) return room;
    const operation = intents.newOperation("create-vgpu", caller);
    const { bootId } = inventory.host;
    const claim = newVgpuClaim({ request, room, wall: clock.wall(), bootId }, operation, request);
    return intents.begin(claim, caller);
  }

  /** Answers with the tombstone when it has gone already. Throws VGPU_NOT_FOUND or CLAIM_STATE. */
  async delete(request: RequestIdentity & { readonly vgpuId: VgpuId }, caller: Caller): Promise<VgpuResult> {
    const { intents, lookout } = this.#options;
    // What somebody else made is told from what there is none of.
    const inventory = await untilAborted(lookout.fresh(), caller.signal);
    const claim = this.#own(request.vgpuId, inventory);
    caller.onClaim(claim);
    const repeated = intents.repeated(request, claim);
    if (repeated) return repeated;
    if (claim.state === "gone") return intents.over(claim, caller);
    if (claim.operation.kind === "delete-vgpu" && !claim.operation.ended) return intents.await(claim, caller);
    const operation = intents.newOperation("delete-vgpu", caller);
    const change = { state: "deleting", goal: "absent", failure: undefined } as const;
    return intents.change(
      claim,
      request,
      { operation, change, now: "the vGPU is to be deleted now" },
      caller,
    );
  }

  #own(id: VgpuId, inventory: Inventory): VgpuClaim {
    const { ledger, modes } = this.#options;
    const claim = ledger.get(id);
    const details = { vgpu_id: id };
    if (claim?.kind === "vgpu" && !isGivenUp(claim)) return claim;
    if (claim?.kind === "domain" && claim.state !== "gone") {
      const { name, id: domainId } = claim.domain;
      const message = `vGPU ${id} belongs to domain ${name} (${domainId}), which DestroyDomain ends`;
      throw new AgentError("CLAIM_STATE", message, { details: { ...details, domain_uuid: domainId } });
    }
    if (claim?.state === "reserved") {
      const message = `vGPU ${id} is only reserved, by ${claim.claimId}, which ReleaseReservation ends`;
      throw new AgentError("CLAIM_STATE", message, { details: { ...details, claim_id: claim.claimId } });
    }
    if (isSeen(id, { inventory, ledger, modes: modes.current })) {
      const message = `vGPU ${id} stands in no claim of this host, so it is left alone`;
      throw new AgentError("CLAIM_STATE", message, { details });
    }
    throw new AgentError("VGPU_NOT_FOUND", `there is no vGPU ${id}`, { details });
  }
}

/** Who would be served by a seat as by something else gets that, since a seat cannot be handed over. */
function besideSeats(wish: Wish): Wish {
  const { size } = wish;
  const others = size.by === "needs" ? size.anyOf.filter(({ mode }) => mode !== "gvt-s") : [];
  return others.length === 0 ? wish : { ...wish, size: { by: "needs", anyOf: others } };
}

/** Nothing is made for a seat that could be handed to somebody else's domain. */
function refuseSeat({ gpu, share }: Room): void {
  if (share.mode !== "gvt-s") return;
  const message = `a vGPU of mode gvt-s on GPU ${gpu} is a part of its domain: CreateDomain makes both`;
  throw new AgentError("MODE_UNSUPPORTED", message, { details: { gpu, mode: share.mode } });
}
