// Takes a vGPU of others over into the ledger, with its domain if asked, and gives one up. In kernel and libvirt nothing changes
// but the mark in the domain's metadata.
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import type { ClaimId, DomainId, VgpuId } from "../core/ids.ts";
import { KeyedLock } from "../core/keyed-lock.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { Lookout } from "../inventory/lookout.ts";
import { isAlive, type Domain, type Inventory } from "../inventory/model.ts";
import { adoptable, refuseAnothers, type Adoptable, type Wanted } from "./adoptable.ts";
import { domainsAway } from "./domains-away.ts";
import type { Caller } from "./caller.ts";
import { changed, isSettled, tombstone, type DomainClaim, type SliceClaim, type VgpuClaim } from "./claim.ts";
import { markOf } from "./domain-xml-mark.ts";
import type { GpuModes } from "./gpu-modes.ts";
import { isThere } from "../inventory/standing.ts";
import type { Ledger } from "./ledger.ts";
import { isSeen } from "./others.ts";
import type { DomainMarks } from "./ports.ts";
import { operationOfRepeat, remember, type RequestIdentity } from "./requests.ts";
import { isGivenUp } from "./settled.ts";

export interface AdoptRequest extends Wanted {
  /** Checks as an adoption does, and does nothing. */
  readonly validateOnly: boolean;
}

export interface ReleaseRequest extends RequestIdentity {
  readonly vgpu:
    { readonly by: "id"; readonly id: VgpuId } | { readonly by: "claim"; readonly claimId: ClaimId };
}

export interface AdoptionOptions {
  readonly ledger: Ledger;
  readonly modes: Pick<GpuModes, "current">;
  readonly lookout: Lookout;
  readonly marks: DomainMarks;
  readonly clock: Clock;
  readonly newOperationId: () => string;
  /** Ends what libvirt was asked for, with the agent. */
  readonly stop: AbortSignal;
}

const GIVEN_UP = { state: "gone", goal: "absent", failure: undefined } as const;

export class Adoption {
  readonly #options: AdoptionOptions;
  /** What is done to one vGPU is done one after the other, whoever waits for it. */
  readonly #turns = new KeyedLock<VgpuId>();

  constructor(options: AdoptionOptions) {
    this.#options = options;
  }

  /** Undefined for a validate-only request. What was begun goes on when the caller goes away. */
  adopt(request: AdoptRequest, caller: Caller): Promise<SliceClaim | undefined> {
    return untilAborted(
      this.#turns.run(request.vgpuId, () => this.#adopt(request, caller)),
      caller.signal,
    );
  }

  /** The claim's tombstone. */
  async release(request: ReleaseRequest, caller: Caller): Promise<SliceClaim> {
    const { vgpu } = request;
    const { ledger } = this.#options;
    const vgpuId = vgpu.by === "id" ? vgpu.id : vgpuOf(ledger, vgpu.claimId);
    return untilAborted(
      this.#turns.run(vgpuId, () => this.#release(vgpuId, request, caller)),
      caller.signal,
    );
  }

  /**
   * The slice's claim comes first and alone, so that no mark is written for a claim that would not survive a power cut. A
   * crash in between is made up for by the mark itself (rebuild.ts), or by the same request again.
   */
  async #adopt(request: AdoptRequest, caller: Caller): Promise<SliceClaim | undefined> {
    const { ledger, modes, clock } = this.#options;
    const inventory = await this.#knownInventory(caller);
    operationOfRepeat(ledger, request, request);
    const earlier = refuseAnothers(ledger, request);
    if (earlier?.kind === "domain" || (earlier && !request.withDomain)) return this.#seen(earlier, caller);
    const found = adoptable(request, { inventory, ledger, modes: modes.current });
    if (request.validateOnly) return undefined;
    caller.signal.throwIfAborted();
    const operation = {
      id: this.#options.newOperationId(),
      kind: "create-vgpu",
      trace: caller.trace,
    } as const;
    const claim = earlier ?? vgpuClaim(request, found, { inventory, operation, wall: clock.wall() });
    caller.onClaim(claim);
    if (!earlier) await ledger.put(claim);
    return found.domain ? this.#withDomain(claim, found.domain) : claim;
  }

  async #withDomain(claim: VgpuClaim, domain: Domain): Promise<SliceClaim> {
    const { ledger, lookout, marks, stop, clock } = this.#options;
    const whole = domainClaim(claim, domain, clock.wall());
    try {
      await marks.mark(domain.id, markOf(whole), stop);
    } catch (error) {
      // A mark that libvirt would not take leaves nothing to go on with; what it may have taken is looked for later.
      const nothing = AgentError.from(error).reason === "LIBVIRT_REFUSED";
      if (nothing && ledger.get(claim.vgpuId) === claim) await ledger.erase(claim.vgpuId);
      throw error;
    }
    const { domains } = await lookout.fresh();
    const shown = domains.known ? domains.value.get(domain.id) : undefined;
    if (domains.known && shown?.mark?.vgpuId !== claim.vgpuId)
      throw new AgentError(
        "READBACK_MISMATCH",
        `libvirt took the mark of domain ${domain.name} and does not show it`,
        {
          details: { domain_uuid: domain.id },
        },
      );
    const now = ledger.get(claim.vgpuId);
    // The mark was seen before by whoever rebuilds claims.
    if (now?.kind === "domain" && now.claimId === claim.claimId) return now;
    if (now !== claim) {
      await marks.unmark(domain.id, stop);
      throw new AgentError(
        "SUPERSEDED",
        `vGPU ${claim.vgpuId} was taken away while its domain was taken over`,
      );
    }
    await ledger.put(whole);
    return whole;
  }

  async #release(vgpuId: VgpuId, request: ReleaseRequest, caller: Caller): Promise<SliceClaim> {
    const { ledger, lookout, clock } = this.#options;
    const inventory = await this.#knownInventory(caller);
    const claim = this.#releasable(vgpuId, request, inventory);
    caller.onClaim(claim);
    if (claim.state === "gone") {
      // Its end may still be on its way to the disk, and fail there.
      const now = await untilAborted(ledger.written(vgpuId), caller.signal);
      return now?.state === "gone" ? claim : this.#release(vgpuId, request, caller);
    }
    caller.signal.throwIfAborted();
    // Written before anything is done: on a disk that is full the mark stays, and the claim with it.
    const requests = remember(claim.requests, request, claim.operation);
    const wall = clock.wall();
    const noted =
      claim.kind === "domain"
        ? changed(claim, { requests, givenUp: true }, wall)
        : changed(claim, { requests }, wall);
    await ledger.put(noted);
    const marked = noted.domain?.id ?? bearerOf(vgpuId, inventory)?.id;
    if (marked !== undefined) await this.#unmark(marked, claim, noted);
    const now = ledger.get(vgpuId);
    // The planner may have seen that the mark is off, or somebody asked for something else.
    const over = now === noted ? tombstone(changed<SliceClaim>(noted, GIVEN_UP, clock.wall())) : now;
    if (over?.kind !== claim.kind || over.state !== "gone")
      throw new AgentError("SUPERSEDED", `vGPU ${vgpuId} was asked for otherwise while it was given up`);
    if (over !== now) await ledger.put(over);
    await lookout.fresh();
    return over;
  }

  async #unmark(domainId: DomainId, before: SliceClaim, noted: SliceClaim): Promise<void> {
    const { ledger, marks, stop } = this.#options;
    try {
      await marks.unmark(domainId, stop);
    } catch (error) {
      // What libvirt would not do was not begun: a mark that goes later was taken off by somebody else.
      const nothing = AgentError.from(error).reason === "LIBVIRT_REFUSED";
      if (nothing && ledger.get(noted.vgpuId) === noted) await ledger.put(before);
      throw error;
    }
  }

  #releasable(vgpuId: VgpuId, request: ReleaseRequest, inventory: Inventory): SliceClaim {
    const { ledger, modes } = this.#options;
    const claim = ledger.get(vgpuId);
    const details = { vgpu_id: vgpuId };
    const exists = claim
      ? isThere(claim, inventory)
      : isSeen(vgpuId, { inventory, ledger, modes: modes.current });
    if (claim?.kind === "reservation")
      throw new AgentError(
        "CLAIM_STATE",
        `claim ${claim.claimId} only reserves room; ReleaseReservation ends it`,
        {
          details: { claim_id: claim.claimId },
        },
      );
    if (claim) operationOfRepeat(ledger, request, claim);
    if (claim && isGivenUp(claim)) return claim;
    if (!exists && (claim === undefined || claim.state === "gone"))
      throw new AgentError("VGPU_NOT_FOUND", `there is no vGPU ${vgpuId}`, { details });
    if (!claim || claim.state === "gone")
      throw new AgentError(
        "CLAIM_STATE",
        `vGPU ${vgpuId} stands in no claim, so that there is nothing to give up`,
        {
          details,
        },
      );
    if (!exists || !isSettled(claim) || !claim.operation.ended) {
      const why = exists ? `its claim is ${claim.state} and on its way` : "it does not exist now";
      throw new AgentError("CLAIM_STATE", `vGPU ${vgpuId} cannot be given up while ${why}`, {
        details: { ...details, claim_id: claim.claimId, state: claim.state },
      });
    }
    return claim;
  }

  #seen(claim: SliceClaim, caller: Caller): SliceClaim {
    caller.onClaim(claim);
    return claim;
  }

  async #knownInventory({ signal }: Caller): Promise<Inventory> {
    const inventory = await untilAborted(this.#options.lookout.fresh(), signal);
    if (!inventory.domains.known) throw domainsAway(inventory.domains);
    return inventory;
  }
}

/** The domain that a half adoption has marked. */
function bearerOf(vgpuId: VgpuId, { domains }: Inventory): Domain | undefined {
  if (!domains.known) return undefined;
  return [...domains.value.values()].find(({ id, mark }) => mark?.vgpuId === vgpuId && mark.domainId === id);
}

function vgpuOf(ledger: Ledger, claimId: ClaimId): VgpuId {
  const claim = ledger.byClaimId(claimId);
  if (claim) return claim.vgpuId;
  throw new AgentError("VGPU_NOT_FOUND", `there is no claim ${claimId}`, { details: { claim_id: claimId } });
}

function vgpuClaim(
  request: AdoptRequest,
  { kernel, share, user }: Adoptable,
  made: {
    readonly inventory: Inventory;
    readonly operation: Pick<VgpuClaim["operation"], "id" | "kind" | "trace">;
    readonly wall: number;
  },
): VgpuClaim {
  const { wall } = made;
  const operation = { ...made.operation, startedAt: wall, ended: { at: wall, failure: undefined } };
  return {
    kind: "vgpu",
    ...{ claimId: request.claimId, vgpuId: kernel.id, gpu: kernel.gpu, share },
    placement: undefined,
    ...{ state: "active", goal: "present", operation, failure: undefined },
    requestDigest: request.digest,
    requests: remember([], request, operation),
    ...{ forDomain: user?.id, labels: {}, reservation: undefined },
    ...{ createdAt: wall, updatedAt: wall, bootId: made.inventory.host.bootId },
  };
}

/** The slice's claim once its domain belongs to it. */
function domainClaim(claim: VgpuClaim, { id, name, state }: Domain, wall: number): DomainClaim {
  const alive = isAlive(state);
  const { claimId, vgpuId, gpu, share, requestDigest, requests, createdAt, bootId } = claim;
  return {
    kind: "domain",
    ...{ claimId, vgpuId, gpu, share, requestDigest, requests, createdAt, bootId, updatedAt: wall },
    domain: { id, name, onStop: "hold", labels: {}, autostart: false, spec: undefined },
    placement: undefined,
    state: alive ? "active" : "stopped",
    goal: alive ? "running" : "stopped",
    powerOff: undefined,
    operation: { ...claim.operation, kind: "create" },
    ...{ failure: undefined, reservation: undefined },
  };
}
