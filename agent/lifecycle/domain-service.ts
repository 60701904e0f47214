// What a caller can have done to a domain: create, start, stop, destroy. Each writes its intent, then waits for the planner.
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import type { DomainId } from "../core/ids.ts";
import { reasons } from "../core/reasons.ts";
import { lostAfterAll, NotPlacedError, type Placed } from "../capacity/place.ts";
import type { Inventory } from "../inventory/model.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { Lookout } from "../inventory/lookout.ts";
import { libvirtAway, type Admission, type CreateRequest } from "./admission.ts";
import type { Caller } from "./caller.ts";
import { changed, type Claim, type Operation, type OperationKind } from "./claim.ts";
import type { Driver } from "./driver.ts";
import type { Ledger } from "./ledger.ts";
import type { Operations } from "./operations.ts";
import { nearDomain } from "./near-nodes.ts";
import { claimOfDomain } from "./owned-domain.ts";
import { claimOfRetry, operationOfRepeat, remember, type RequestIdentity } from "./requests.ts";
import { onGpu } from "./spec-on-gpu.ts";
import { waitFor } from "./wait.ts";

export interface StopRequest extends RequestIdentity {
  readonly domainId: DomainId;
  /** How long the guest may take, milliseconds; 0 pulls the plug at once. */
  readonly graceMs: number;
  /** Whether the guest is forced off when it has not gone by then. */
  readonly mayForce: boolean;
}

/** What a mutation led to. */
export interface Result {
  readonly claim: Claim;
  readonly operation: Operation;
  /** Why the operation has not ended, as the holder of a slice; undefined when it has, or only needs time. */
  readonly stalled: AgentError | undefined;
}

export interface DomainServiceOptions {
  readonly ledger: Ledger;
  readonly admission: Admission;
  readonly lookout: Lookout;
  readonly driver: Driver;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly newOperationId: () => string;
}

export class DomainService {
  readonly #options: DomainServiceOptions;

  constructor(options: DomainServiceOptions) {
    this.#options = options;
  }

  /** Resolves with the placement alone for a validate-only request. */
  async create(request: CreateRequest, caller: Caller): Promise<Result | Placed> {
    const { lookout, ledger, admission } = this.#options;
    const known = claimOfRetry(ledger, request);
    if (known) return this.#created(known, caller);

    const inventory = await untilAborted(lookout.fresh(), caller.signal);
    const spec = await untilAborted(admission.admit(request.spec), caller.signal);
    caller.signal.throwIfAborted();
    // From here to the put nothing is awaited: two requests cannot be promised the same room or name.
    const raced = claimOfRetry(ledger, request);
    if (raced) return this.#created(raced, caller);
    admission.refuseTaken(spec, inventory);
    const { claimId, validateOnly } = request;
    const about = { claimId, domainName: spec.name, trace: caller.trace, validateOnly };
    const placed = admission.place(nearDomain(request.wish, spec, inventory.host), inventory, about);
    const fitted = onGpu(spec, placed, inventory);
    if (validateOnly) return placed;
    const operation = this.#newOperation("create", caller);
    const claim = admission.newClaim({ ...request, spec: fitted }, { placed, operation, inventory });
    await this.#write(claim, caller);
    return this.#await(claim, caller);
  }

  async start(request: RequestIdentity & { readonly domainId: DomainId }, caller: Caller): Promise<Result> {
    let claim = this.#own(request.domainId, caller);
    const repeated = this.#repeated(request, claim);
    if (repeated) return repeated;
    if (claim.state === "active" && claim.goal === "running") return this.#seen(claim);
    if (claim.state === "stopped") {
      const inventory = await this.#knownInventory(caller);
      claim = this.#own(request.domainId, caller);
      if (claim.state === "stopped" && claim.goal === "stopped") {
        this.#options.admission.refuseWithoutRoom(claim, inventory, caller.trace);
        return this.#intend(claim, request, { kind: "start", change: { goal: "running" } }, caller);
      }
    }
    if (claim.goal === "running" && claim.state !== "failed") return this.#await(claim, caller);
    throw this.#wrongState(claim, "started");
  }

  async stop(request: StopRequest, caller: Caller): Promise<Result> {
    await this.#knownInventory(caller);
    const claim = this.#own(request.domainId, caller);
    const repeated = this.#repeated(request, claim);
    if (repeated) return repeated;
    if (claim.state === "stopped" && claim.goal === "stopped") return this.#seen(claim);
    if (claim.state !== "active") throw this.#wrongState(claim, "stopped");
    const change = { goal: "stopped", powerOff: this.#powerOff(request, claim) } as const;
    return this.#intend(claim, request, { kind: "stop", change }, caller);
  }

  /** Answers with the tombstone when the domain is gone already. */
  async destroy(request: StopRequest, caller: Caller): Promise<Result> {
    await this.#knownInventory(caller);
    const claim = this.#own(request.domainId, caller);
    const repeated = this.#repeated(request, claim);
    if (repeated) return repeated;
    if (claim.state === "gone") return this.#seen(claim);
    const change = {
      state: "deleting",
      goal: "absent",
      failure: undefined,
      powerOff: this.#powerOff(request, claim),
    } as const;
    return this.#intend(claim, request, { kind: "destroy", change }, caller);
  }

  /** What a retry of a create hears; what was asked of the domain since then is not its business. */
  #created(claim: Claim, caller: Caller): Promise<Result> {
    caller.onClaim(claim);
    const { operation } = claim;
    return operation.kind === "create" ? this.#await(claim, caller) : Promise.resolve(this.#seen(claim));
  }

  /** Writes a new intent into a claim and waits for it. */
  async #intend(
    claim: Claim,
    request: RequestIdentity,
    intent: { readonly kind: OperationKind; readonly change: Partial<Claim> },
    caller: Caller,
  ): Promise<Result> {
    caller.signal.throwIfAborted();
    if (claim.operation.kind === intent.kind && !claim.operation.ended)
      return this.#join(claim, intent.change, caller);
    const { ledger, clock, operations } = this.#options;
    const operation = this.#newOperation(intent.kind, caller);
    const requests = remember(claim.requests, request, operation);
    const wall = clock.wall();
    await this.#write(changed(claim, { ...intent.change, operation, requests }, wall), caller);
    if (!claim.operation.ended) {
      const failure = {
        reason: "SUPERSEDED",
        message: `the domain is to be ${past[intent.kind]} now`,
      } as const;
      operations.end({ ...claim, operation: { ...claim.operation, ended: { at: wall, failure } } });
    }
    return this.#await(ledger.get(claim.vgpuId) ?? claim, caller);
  }

  /** The same thing asked twice: one operation. A more urgent second asker shortens the guest's time. */
  async #join(claim: Claim, { powerOff }: Partial<Claim>, caller: Caller): Promise<Result> {
    const sooner = Math.min(powerOff?.forceAt ?? Infinity, claim.powerOff?.forceAt ?? Infinity);
    if (claim.powerOff && sooner < (claim.powerOff.forceAt ?? Infinity)) {
      const { ledger, clock } = this.#options;
      await ledger.put(changed(claim, { powerOff: { ...claim.powerOff, forceAt: sooner } }, clock.wall()));
    }
    return this.#await(claim, caller);
  }

  /** A claim with a new operation. When it cannot be written, those who joined meanwhile must not wait for it. */
  async #write(claim: Claim, caller: Caller): Promise<void> {
    const { ledger, operations } = this.#options;
    caller.onClaim(claim);
    try {
      await ledger.put(claim);
    } catch (error) {
      operations.discard(claim.operation.id, AgentError.from(error));
      throw error;
    }
  }

  async #await(claim: Claim, { signal, onOperation }: Caller): Promise<Result> {
    const { driver, ledger, lookout, operations, clock } = this.#options;
    driver.lead(claim.vgpuId);
    const { operation } = claim;
    onOperation(operation);
    const ended = operation.ended ? claim : await waitFor({ operations, clock, operation }, signal);
    // Who hears that it has ended, and asks, sees what it did; where nobody can look, what was seen before.
    const looked = lookout.fresh().catch(() => undefined);
    await untilAborted(looked, signal);
    return this.#result(ended ?? ledger.get(claim.vgpuId) ?? claim);
  }

  #result(claim: Claim): Result {
    const { operation, placement } = claim;
    const failure = operation.ended?.failure;
    if (!failure) return this.#seen(claim);
    const { reason, message } = failure;
    const details = { claim_id: claim.claimId, operation: `operations/${operation.id}` };
    if (operation.kind === "create" && placement && reasons[reason] === "no-room")
      throw new NotPlacedError(lostAfterAll(placement, { reason, why: message }), details);
    throw new AgentError(reason, message, { details });
  }

  #seen(claim: Claim): Result {
    const { operation } = claim;
    return { claim, operation, stalled: this.#options.operations.stalledBy(operation.id) };
  }

  #repeated(request: RequestIdentity, claim: Claim): Result | undefined {
    const operationId = operationOfRepeat(this.#options.ledger, request, claim);
    if (operationId === undefined) return undefined;
    // Still running: the caller joins it by the ordinary way. Ended: it gets the same answer, without doing it again.
    if (claim.operation.id === operationId) return claim.operation.ended ? this.#result(claim) : undefined;
    // Of another life of the agent only the fact is left that a later operation followed: it is not done a second time.
    const ended = this.#options.operations.ended(operationId);
    return ended ? this.#result(ended.claim) : this.#seen(claim);
  }

  async #knownInventory({ signal }: Caller): Promise<Inventory> {
    const inventory = await untilAborted(this.#options.lookout.fresh(), signal);
    if (!inventory.domains.known) throw libvirtAway(inventory.domains.why);
    return inventory;
  }

  #own(id: DomainId, { onClaim }: Caller): Claim {
    const { ledger, lookout } = this.#options;
    const claim = claimOfDomain(ledger, lookout.current, id);
    onClaim(claim);
    return claim;
  }

  #powerOff({ graceMs, mayForce }: StopRequest, claim: Claim): Claim["powerOff"] {
    const forceAt = mayForce ? this.#options.clock.wall() + graceMs : undefined;
    return { forceAt, askedAt: claim.powerOff?.askedAt };
  }

  #newOperation(kind: OperationKind, { trace }: Caller): Operation {
    return {
      id: this.#options.newOperationId(),
      ...{ kind, trace },
      startedAt: this.#options.clock.wall(),
      ended: undefined,
    };
  }

  #wrongState({ claimId, domain, state, operation, failure }: Claim, verb: string): AgentError {
    const details = { claim_id: claimId, state, operation: operation.id };
    if (failure?.reason === "DOMAIN_VANISHED")
      return new AgentError(failure.reason, failure.message, { details });
    const message = `domain ${domain.name} (${domain.id}) cannot be ${verb} while its claim is ${state}`;
    return new AgentError("CLAIM_STATE", message, { details });
  }
}

const past = {
  create: "created",
  start: "started",
  stop: "stopped",
  destroy: "destroyed",
} as const satisfies Record<OperationKind, string>;
