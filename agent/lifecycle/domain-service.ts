// What a caller can have done to a domain: create, start, stop, destroy. Each writes its intent, then waits for the planner.
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import type { ClaimId, DomainId, VgpuId } from "../core/ids.ts";
import { reasons } from "../core/reasons.ts";
import type { CapacityRule } from "../capacity/budget.ts";
import { lostAfterAll, NotPlacedError, place, type Placed, type Wish } from "../capacity/place.ts";
import type { Inventory } from "../inventory/model.ts";
import type { Lookout } from "../inventory/lookout.ts";
import { changed, type Claim, type Operation, type OperationKind, type RememberedRequest } from "./claim.ts";
import type { DomainSpec } from "./domain-spec.ts";
import type { Driver } from "./driver.ts";
import { holdingsOf } from "./holdings.ts";
import type { Ledger } from "./ledger.ts";
import type { Operations } from "./operations.ts";
import type { StoragePaths } from "./storage-paths.ts";
import { waitFor } from "./wait.ts";

/** Identifies a mutation, so that a retry finds it again (law 7). */
export interface RequestIdentity {
  /** The caller's own id of this request; undefined when it gave none. */
  readonly requestId: string | undefined;
  readonly method: string;
  /** See request-digest.ts. */
  readonly digest: string;
}

export interface CreateRequest extends RequestIdentity {
  readonly claimId: ClaimId;
  readonly spec: DomainSpec;
  readonly wish: Wish;
  /** Checks and places as a create does, and does nothing. */
  readonly validateOnly: boolean;
}

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
  readonly lookout: Lookout;
  readonly driver: Driver;
  readonly operations: Operations;
  readonly rule: CapacityRule;
  readonly storage: StoragePaths;
  readonly clock: Clock;
  readonly newVgpuId: () => VgpuId;
  readonly newOperationId: () => string;
}

/** Request ids kept per claim: more than any caller retries at a time. */
const REQUESTS_KEPT = 16;

export class DomainService {
  readonly #options: DomainServiceOptions;

  constructor(options: DomainServiceOptions) {
    this.#options = options;
  }

  /** Resolves with the placement alone for a validate-only request. */
  async create(request: CreateRequest, signal: AbortSignal): Promise<Result | Placed> {
    const known = this.#retryOf(request);
    if (known) return this.#created(known, signal);

    const { lookout, ledger } = this.#options;
    const inventory = await lookout.fresh();
    const spec = await this.#resolvePaths(request.spec);
    signal.throwIfAborted();
    // From here to the put nothing is awaited: two requests cannot be promised the same room or name.
    const raced = this.#retryOf(request);
    if (raced) return this.#created(raced, signal);
    this.#refuseTaken(spec, inventory);
    const placed = this.#place(request.wish, inventory);
    if (request.validateOnly) return placed;
    const claim = this.#newClaim({ ...request, spec }, placed, inventory);
    await ledger.put(claim);
    return this.#await(claim, signal);
  }

  async start(
    request: RequestIdentity & { readonly domainId: DomainId },
    signal: AbortSignal,
  ): Promise<Result> {
    let claim = this.#own(request.domainId);
    const repeated = this.#repeated(request, claim);
    if (repeated) return repeated;
    if (claim.state === "active" && claim.goal === "running") return this.#seen(claim);
    if (claim.state === "stopped") {
      const inventory = await this.#knownInventory();
      claim = this.#own(request.domainId);
      if (claim.state === "stopped" && claim.goal === "stopped") {
        this.#refuseWithoutRoom(claim, inventory);
        return this.#intend(claim, request, { kind: "start", change: { goal: "running" } }, signal);
      }
    }
    if (claim.goal === "running" && claim.state !== "failed") return this.#await(claim, signal);
    throw this.#wrongState(claim, "started");
  }

  async stop(request: StopRequest, signal: AbortSignal): Promise<Result> {
    await this.#knownInventory();
    const claim = this.#own(request.domainId);
    const repeated = this.#repeated(request, claim);
    if (repeated) return repeated;
    if (claim.state === "stopped" && claim.goal === "stopped") return this.#seen(claim);
    if (claim.state !== "active") throw this.#wrongState(claim, "stopped");
    const change = { goal: "stopped", powerOff: this.#powerOff(request, claim) } as const;
    return this.#intend(claim, request, { kind: "stop", change }, signal);
  }

  /** Answers with the tombstone when the domain is gone already. */
  async destroy(request: StopRequest, signal: AbortSignal): Promise<Result> {
    await this.#knownInventory();
    const claim = this.#own(request.domainId);
    const repeated = this.#repeated(request, claim);
    if (repeated) return repeated;
    if (claim.state === "gone") return this.#seen(claim);
    const change = {
      state: "deleting",
      goal: "absent",
      failure: undefined,
      powerOff: this.#powerOff(request, claim),
    } as const;
    return this.#intend(claim, request, { kind: "destroy", change }, signal);
  }

  /** What a retry of a create hears; what was asked of the domain since then is not its business. */
  #created(claim: Claim, signal: AbortSignal): Promise<Result> {
    const { operation } = claim;
    return operation.kind === "create" ? this.#await(claim, signal) : Promise.resolve(this.#seen(claim));
  }

  /** The claim that an earlier request with the same identity made; throws when the identity stands for another request. */
  #retryOf(request: CreateRequest): Claim | undefined {
    const { ledger } = this.#options;
    const remembered = request.requestId === undefined ? undefined : ledger.byRequest(request.requestId);
    if (remembered && (remembered.claim.claimId !== request.claimId || !isSame(remembered.request, request)))
      throw requestIdReused(request.requestId);
    const claim = ledger.byClaimId(request.claimId);
    if (!claim) return undefined;
    const details = { claim_id: claim.claimId, domain_uuid: claim.domain.id };
    if (claim.requestDigest !== request.digest)
      throw new AgentError("CLAIM_REUSED", `claim id ${claim.claimId} stands for another request`, {
        details,
      });
    // A create that is being undone has not ended: its retry waits to hear why it failed, and may then try again.
    if (claim.goal === "absent" && claim.operation.kind !== "create")
      throw new AgentError(
        "CLAIM_ENDED",
        `claim ${claim.claimId} has been or is being destroyed; ask with a new claim id`,
        { details },
      );
    return claim;
  }

  async #resolvePaths(spec: DomainSpec): Promise<DomainSpec> {
    const { storage } = this.#options;
    const { disk, kernelBoot } = spec;
    const optional = async (path: string | undefined, field: string): Promise<string | undefined> =>
      path === undefined ? undefined : storage.resolve(path, "boot", field);
    return {
      ...spec,
      disk: disk && { ...disk, path: await storage.resolve(disk.path, "disk", "domain.disks[0].path") },
      kernelBoot: kernelBoot && {
        ...kernelBoot,
        kernel: await storage.resolve(kernelBoot.kernel, "boot", "domain.boot.kernel.kernel_path"),
        initrd: await optional(kernelBoot.initrd, "domain.boot.kernel.initrd_path"),
      },
    };
  }

  #refuseTaken({ id, name }: DomainSpec, { domains }: Inventory): void {
    if (!domains.known) throw libvirtAway(domains.why);
    const { ledger } = this.#options;
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
  }

  #place(wish: Wish, inventory: Inventory): Placed {
    const { rule, ledger } = this.#options;
    const decision = place(wish, {
      gpus: inventory.gpus.values(),
      rule,
      holdings: holdingsOf(ledger, inventory),
    });
    if (decision.ok) return decision;
    throw new NotPlacedError(decision);
  }

  #newClaim(request: CreateRequest, placed: Placed, inventory: Inventory): Claim {
    const wall = this.#options.clock.wall();
    const operation = this.#newOperation("create");
    const { spec } = request;
    return {
      claimId: request.claimId,
      vgpuId: this.#options.newVgpuId(),
      gpu: placed.gpu,
      type: placed.type,
      sizes: placed.sizes,
      domain: { id: spec.id, name: spec.name, onStop: spec.onStop, spec },
      placement: placed,
      state: "creating",
      goal: "running",
      powerOff: undefined,
      requestDigest: request.digest,
      requests: remember([], request, operation),
      operation,
      failure: undefined,
      createdAt: wall,
      updatedAt: wall,
      bootId: inventory.host.bootId,
    };
  }

  /** Writes a new intent into a claim and waits for it. */
  async #intend(
    claim: Claim,
    request: RequestIdentity,
    intent: { readonly kind: OperationKind; readonly change: Partial<Claim> },
    signal: AbortSignal,
  ): Promise<Result> {
    signal.throwIfAborted();
    if (claim.operation.kind === intent.kind && !claim.operation.ended)
      return this.#join(claim, intent.change, signal);
    const { ledger, clock, operations } = this.#options;
    const operation = this.#newOperation(intent.kind);
    const requests = remember(claim.requests, request, operation);
    const wall = clock.wall();
    await ledger.put(changed(claim, { ...intent.change, operation, requests }, wall));
    if (!claim.operation.ended) {
      const failure = {
        reason: "SUPERSEDED",
        message: `the domain is to be ${past[intent.kind]} now`,
      } as const;
      operations.end({ ...claim, operation: { ...claim.operation, ended: { at: wall, failure } } });
    }
    return this.#await(ledger.get(claim.vgpuId) ?? claim, signal);
  }

  /** The same thing asked twice: one operation. A more urgent second asker shortens the guest's time. */
  async #join(claim: Claim, { powerOff }: Partial<Claim>, signal: AbortSignal): Promise<Result> {
    const sooner = Math.min(powerOff?.forceAt ?? Infinity, claim.powerOff?.forceAt ?? Infinity);
    if (claim.powerOff && sooner < (claim.powerOff.forceAt ?? Infinity)) {
      const { ledger, clock } = this.#options;
      await ledger.put(changed(claim, { powerOff: { ...claim.powerOff, forceAt: sooner } }, clock.wall()));
    }
    return this.#await(claim, signal);
  }

  async #await(claim: Claim, signal: AbortSignal): Promise<Result> {
    const { driver, ledger, lookout, operations, clock } = this.#options;
    driver.lead(claim.vgpuId);
    const { operation } = claim;
    const ended = operation.ended ? claim : await waitFor({ operations, clock, operation }, signal);
    // Who hears that it has ended, and asks, sees what it did; where nobody can look, what was seen before.
    await lookout.fresh().catch(() => undefined);
    return this.#result(ended ?? ledger.get(claim.vgpuId) ?? claim);
  }

  #result(claim: Claim): Result {
    const { operation, placement } = claim;
    const failure = operation.ended?.failure;
    if (!failure) return this.#seen(claim);
    const { reason, message } = failure;
    const details = { claim_id: claim.claimId, operation: operation.id };
    if (operation.kind === "create" && placement && reasons[reason] === "no-room")
      throw new NotPlacedError(lostAfterAll(placement, { reason, why: message }), details);
    throw new AgentError(reason, message, { details });
  }

  #seen(claim: Claim): Result {
    const { operation } = claim;
    return { claim, operation, stalled: this.#options.operations.stalledBy(operation.id) };
  }

  #repeated(request: RequestIdentity, claim: Claim): Result | undefined {
    if (request.requestId === undefined) return undefined;
    const remembered = this.#options.ledger.byRequest(request.requestId);
    if (!remembered) return undefined;
    const { operationId } = remembered.request;
    if (!isSame(remembered.request, request) || remembered.claim.vgpuId !== claim.vgpuId)
      throw requestIdReused(request.requestId);
    // Still running: the caller joins it by the ordinary way. Ended: it gets the same answer, without doing it again.
    if (claim.operation.id === operationId) return claim.operation.ended ? this.#result(claim) : undefined;
    // Of another life of the agent only the fact is left that a later operation followed: it is not done a second time.
    const ended = this.#options.operations.ended(operationId);
    return ended ? this.#result(ended.claim) : this.#seen(claim);
  }

  async #knownInventory(): Promise<Inventory> {
    const inventory = await this.#options.lookout.fresh();
    if (!inventory.domains.known) throw libvirtAway(inventory.domains.why);
    return inventory;
  }

  #own(id: DomainId): Claim {
    const { ledger, lookout } = this.#options;
    const living = ledger.byDomainId(id);
    if (living) return living;
    const tombstone = ledger
      .all()
      .filter(({ domain }) => domain.id === id)
      .reduce<Claim | undefined>((a, b) => (a && a.updatedAt > b.updatedAt ? a : b), undefined);
    const domains = lookout.current?.domains;
    const shown = domains?.known ? domains.value.get(id) : undefined;
    // Our own domain may still be in a view that is older than its end; any other took the UUID over.
    const foreign = shown && (!tombstone || shown.mark?.vgpuId !== tombstone.vgpuId) ? shown : undefined;
    if (tombstone && !foreign) return tombstone;
    if (foreign) {
      const message = `domain ${foreign.name} (${id}) was not made by vgpud, so it is left alone`;
      throw new AgentError("DOMAIN_FOREIGN", message, {
        details: { domain_uuid: id, domain_name: foreign.name },
      });
    }
    throw new AgentError("DOMAIN_NOT_FOUND", `there is no domain ${id}`, { details: { domain_uuid: id } });
  }

  /** A released slice has to be found room for again, on the GPU the claim was placed on. */
  #refuseWithoutRoom(claim: Claim, inventory: Inventory): void {
    if (inventory.vgpus.has(claim.vgpuId) || claim.domain.onStop === "hold") return;
    this.#place({ size: { by: "type", type: claim.type }, gpu: claim.gpu, policy: "pack" }, inventory);
  }

  #powerOff({ graceMs, mayForce }: StopRequest, claim: Claim): Claim["powerOff"] {
    const forceAt = mayForce ? this.#options.clock.wall() + graceMs : undefined;
    return { forceAt, askedAt: claim.powerOff?.askedAt };
  }

  #newOperation(kind: OperationKind): Operation {
    return {
      id: this.#options.newOperationId(),
      kind,
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

function remember(
  requests: Claim["requests"],
  { requestId, method, digest }: RequestIdentity,
  { id }: Operation,
): Claim["requests"] {
  if (requestId === undefined) return requests;
  return [...requests, { requestId, method, digest, operationId: id }].slice(-REQUESTS_KEPT);
}

function isSame(remembered: RememberedRequest, { method, digest }: RequestIdentity): boolean {
  return remembered.method === method && remembered.digest === digest;
}

function libvirtAway(why: string): AgentError {
  return new AgentError("LIBVIRT_UNAVAILABLE", `libvirt does not answer: ${why}`);
}

function requestIdReused(requestId: string | undefined): AgentError {
  const details = { request_id: requestId ?? "" };
  const message = `request id ${requestId ?? ""} came before with another request`;
  return new AgentError("REQUEST_ID_REUSED", message, { details, field: "request_id" });
}
