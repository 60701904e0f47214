// What a caller can have done to a domain: create, start, stop, destroy. Each writes its intent, then waits for the planner.
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import type { DomainId } from "../core/ids.ts";
import type { Reason } from "../core/reasons.ts";
import { isAlive, type Inventory } from "../inventory/model.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { Lookout } from "../inventory/lookout.ts";
import type { Admission, CreateRequest } from "./admission.ts";
import { domainsAway } from "./domains-away.ts";
import type { Caller } from "./caller.ts";
import { changed, type DomainClaim } from "./claim.ts";
import type { Intents, Result } from "./intents.ts";
import type { Ledger } from "./ledger.ts";
import { nearDomain } from "./near-nodes.ts";
import { claimOfDomain } from "./owned-domain.ts";
import { newDomainClaim } from "./new-claim.ts";
import { claimOfRetry, type RequestIdentity } from "./requests.ts";
import { returnedDomain, type ReturnedDomains } from "./returned-domains.ts";
import { reservationIn, type Room } from "./room.ts";
import { onGpu, refusalOf } from "./spec-on-gpu.ts";

export interface StopRequest extends RequestIdentity {
  readonly domainId: DomainId;
  /** How long the guest may take, milliseconds; 0 pulls the plug at once. */
  readonly graceMs: number;
  /** Whether the guest is forced off when it has not gone by then. */
  readonly mayForce: boolean;
}

export type DomainResult = Result<DomainClaim>;

export interface DomainServiceOptions {
  readonly ledger: Ledger;
  readonly admission: Admission;
  readonly lookout: Lookout;
  readonly intents: Intents;
  readonly returned: Pick<ReturnedDomains, "takeAway">;
  readonly clock: Clock;
  /** Whether Xen's guests have their slices from a device model, and not from vgpud. */
  readonly byDeviceModel: boolean;
}

export class DomainService {
  readonly #options: DomainServiceOptions;

  constructor(options: DomainServiceOptions) {
    this.#options = options;
  }

  /** Resolves with the room alone for a validate-only request. */
  async create(request: CreateRequest, caller: Caller): Promise<DomainResult | Room> {
    const { lookout, ledger, admission, intents, clock, byDeviceModel } = this.#options;
    const identity = { ...request, reservation: reservationIn(request.room) };
    const known = claimOfRetry(ledger, "domain", identity);
    if (known) return intents.joinCreate(known, caller);

    const booking = await untilAborted(admission.bookingOf(request.claimId, caller.signal), caller.signal);
    const inventory = await untilAborted(lookout.fresh(), caller.signal);
    const spec = await untilAborted(admission.admit(request.spec), caller.signal);
    caller.signal.throwIfAborted();
    // From here to the put nothing is awaited: two requests cannot be promised the same room or name.
    const raced = claimOfRetry(ledger, "domain", identity);
    if (raced) return intents.joinCreate(raced, caller);
    admission.refuseTaken(spec, inventory);
    const { claimId, validateOnly } = request;
    const about = { claimId, domainName: spec.name, trace: caller.trace, validateOnly };
    const asked = admission.whereBooked(request, booking);
    const room =
      asked.kind === "reserved"
        ? admission.reservedRoom(asked, inventory)
        : admission.freeRoom(
            nearDomain(asked.wish, spec, inventory.host),
            inventory,
            about,
            refusalOf(spec, { inventory, byDeviceModel }),
          );
    admission.refuseUncovered(request, room, booking);
    const fitted = onGpu(spec, room, { inventory, byDeviceModel });
    if (validateOnly) return room;
    const operation = intents.newOperation("create", caller);
    const { bootId } = inventory.host;
    const claim = newDomainClaim({ request, room, wall: clock.wall(), bootId }, operation, fitted);
    return intents.begin(claim, caller);
  }

  async start(
    request: RequestIdentity & { readonly domainId: DomainId },
    caller: Caller,
  ): Promise<DomainResult> {
    const { intents, admission } = this.#options;
    const inventory = await this.#knownInventory(caller);
    const claim = this.#own(request.domainId, caller);
    const repeated = intents.repeated(request, claim);
    if (repeated) return repeated;
    if (claim.goal === "stopped" ? claim.state === "stopped" : hasShutDown(claim, inventory)) {
      admission.refuseWithoutRoom(claim, inventory, caller.trace);
      admission.refuseUncounted(claim, inventory);
      const change = { state: "stopped", goal: "running", restarts: undefined } as const;
      return this.#intend(claim, request, { kind: "start", change }, caller);
    }
    if (claim.state === "active" && claim.goal === "running") return intents.seen(claim);
    if (claim.goal === "running" && claim.state !== "failed") return intents.await(claim, caller);
    throw this.#wrongState(claim, "started");
  }

  async stop(request: StopRequest, caller: Caller): Promise<DomainResult> {
    const { intents } = this.#options;
    const inventory = await this.#knownInventory(caller);
    const claim = this.#own(request.domainId, caller);
    const repeated = intents.repeated(request, claim);
    if (repeated) return repeated;
    if (claim.state === "stopped" && claim.goal === "stopped") return intents.seen(claim);
    // A guest that lost its vGPU is stopped like any other: that, and a start, is what gives it one again.
    const lost = claim.failure?.reason === "DOMAIN_WITHOUT_VGPU" && claim.goal === "running";
    // That it was started, by a caller or because its guest rebooted, is taken back.
    const isStarting = claim.state === "stopped" && claim.goal === "running";
    if (claim.state !== "active" && !(claim.state === "failed" && lost) && !isStarting)
      throw this.#wrongState(claim, "stopped");
    // A guest that was not let run yet hears nobody who asks it to shut down, and has nothing to lose.
    const now = isStarting && !runs(claim, inventory) ? { graceMs: 0, mayForce: true } : {};
    const powerOff = this.#powerOff({ ...request, ...now }, claim);
    const change = {
      ...({ state: "active", goal: "stopped", failure: undefined, restarts: undefined } as const),
      powerOff,
    };
    return this.#intend(claim, request, { kind: "stop", change }, caller);
  }

  /** Answers with the tombstone when the domain is gone already; one that is defined again is undefined first. */
  async destroy(request: StopRequest, caller: Caller): Promise<DomainResult> {
    const { intents, returned } = this.#options;
    const inventory = await this.#knownInventory(caller);
    const claim = this.#own(request.domainId, caller);
    const repeated = intents.repeated(request, claim);
    if (repeated) return repeated;
    if (claim.state === "gone") {
      if (returnedDomain(claim, inventory)) await returned.takeAway(claim, request, caller);
      return intents.over(claim, caller);
    }
    const change = {
      state: "deleting",
      goal: "absent",
      failure: undefined,
      powerOff: this.#powerOff(request, claim),
    } as const;
    return this.#intend(claim, request, { kind: "destroy", change }, caller);
  }

  /** Writes a new intent into a claim and waits for it. */
  async #intend(
    claim: DomainClaim,
    request: RequestIdentity,
    intent: { readonly kind: DomainClaim["operation"]["kind"]; readonly change: Partial<DomainClaim> },
    caller: Caller,
  ): Promise<DomainResult> {
    const { intents } = this.#options;
    const { kind, change } = intent;
    caller.signal.throwIfAborted();
    if (claim.operation.kind === kind && !claim.operation.ended) return this.#join(claim, change, caller);
    const operation = intents.newOperation(kind, caller);
    const now = `the domain is to be ${past[kind]} now`;
    return intents.change(claim, request, { operation, change, now }, caller);
  }

  /** The same thing asked twice: one operation. A more urgent second asker shortens the guest's time. */
  async #join(claim: DomainClaim, { powerOff }: Partial<DomainClaim>, caller: Caller): Promise<DomainResult> {
    const sooner = Math.min(powerOff?.forceAt ?? Infinity, claim.powerOff?.forceAt ?? Infinity);
    if (claim.powerOff && sooner < (claim.powerOff.forceAt ?? Infinity)) {
      const { ledger, clock } = this.#options;
      await ledger.putAhead(
        changed(claim, { powerOff: { ...claim.powerOff, forceAt: sooner } }, clock.wall()),
      );
    }
    return this.#options.intents.await(claim, caller);
  }

  async #knownInventory({ signal }: Caller): Promise<Inventory> {
    const inventory = await untilAborted(this.#options.lookout.fresh(), signal);
    if (!inventory.domains.known) throw domainsAway(inventory.domains);
    return inventory;
  }

  #own(id: DomainId, { onClaim }: Caller): DomainClaim {
    const { ledger, lookout } = this.#options;
    const claim = claimOfDomain(ledger, lookout.current, id);
    onClaim(claim);
    return claim;
  }

  #powerOff({ graceMs, mayForce }: StopRequest, claim: DomainClaim): DomainClaim["powerOff"] {
    const forceAt = mayForce ? this.#options.clock.wall() + graceMs : undefined;
    return { forceAt, askedAt: claim.powerOff?.askedAt };
  }

  #wrongState({ claimId, domain, state, operation, failure }: DomainClaim, verb: string): AgentError {
    const details = { claim_id: claimId, state, operation: operation.id };
    if (state === "failed" && failure && BEHIND_OUR_BACK.includes(failure.reason))
      return new AgentError(failure.reason, failure.message, { details });
    const message = `domain ${domain.name} (${domain.id}) cannot be ${verb} while its claim is ${state}`;
    return new AgentError("CLAIM_STATE", message, { details });
  }
}

/** The guest has shut down by itself, or somebody shut it down, and no round of the reconciler has settled that yet. */
function hasShutDown({ state, goal, operation, domain: { id } }: DomainClaim, inventory: Inventory): boolean {
  if (state !== "active" || goal !== "running" || !operation.ended || !inventory.domains.known) return false;
  const domain = inventory.domains.value.get(id);
  return domain !== undefined && !isAlive(domain.state);
}

function runs({ domain: { id } }: DomainClaim, { domains }: Inventory): boolean {
  const domain = domains.known ? domains.value.get(id) : undefined;
  return domain?.state === "running" || domain?.state === "blocked";
}

/** What somebody else did to a claim, and says itself what to do about it. */
const BEHIND_OUR_BACK: readonly Reason[] = ["DOMAIN_VANISHED", "DOMAIN_WITHOUT_VGPU", "VGPU_IN_USE"];

const past = {
  create: "created",
  start: "started",
  stop: "stopped",
  destroy: "destroyed",
} as const satisfies Record<DomainClaim["operation"]["kind"], string>;
