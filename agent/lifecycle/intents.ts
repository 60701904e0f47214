// How an intent gets into the ledger and its asker to the end of it: what all that changes a claim has in common.
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import { reasons } from "../core/reasons.ts";
import { untilAborted } from "../core/until-aborted.ts";
import { lostAfterAll, NotPlacedError } from "../capacity/place.ts";
import type { Lookout } from "../inventory/lookout.ts";
import type { Caller } from "./caller.ts";
import { changed, type Claim, type Operation, type OperationKind, type SliceClaim } from "./claim.ts";
import type { Driver } from "./driver.ts";
import type { Ledger } from "./ledger.ts";
import type { Operations } from "./operations.ts";
import { operationOfRepeat, remember, type RequestIdentity } from "./requests.ts";
import { isCreate, withEnded } from "./settled.ts";
import { waitFor } from "./wait.ts";

/** What a mutation led to. */
export interface Result<Of extends SliceClaim> {
  readonly claim: Of;
  readonly operation: Of["operation"];
  /** Why the operation has not ended, as the holder of a slice; undefined when it has, or only needs time. */
  readonly stalled: AgentError | undefined;
}

export interface IntentsOptions {
  readonly ledger: Ledger;
  readonly lookout: Lookout;
  readonly driver: Driver;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly newOperationId: () => string;
}

/** A new intent for a claim that exists. */
interface Intent<Of extends SliceClaim> {
  readonly operation: Of["operation"];
  readonly change: Partial<Omit<Of, "kind">>;
  /** What whoever waits for the operation before hears: "the domain is to be … now". */
  readonly now: string;
}

export class Intents {
  readonly #options: IntentsOptions;

  constructor(options: IntentsOptions) {
    this.#options = options;
  }

  newOperation<Kind extends OperationKind>(kind: Kind, { trace }: Caller): Operation<Kind> {
    const { newOperationId, clock } = this.#options;
    return { id: newOperationId(), ...{ kind, trace }, startedAt: clock.wall(), ended: undefined };
  }

  /** Writes a claim with a new operation, and waits for it. */
  async begin<Of extends SliceClaim>(claim: Of, caller: Caller): Promise<Result<Of>> {
    await this.#write(claim, caller);
    return this.await(claim, caller);
  }

  /** Writes a new intent into a claim and waits for it. */
  async change<Of extends SliceClaim>(
    claim: Of,
    request: RequestIdentity,
    { operation, change, now }: Intent<Of>,
    caller: Caller,
  ): Promise<Result<Of>> {
    caller.signal.throwIfAborted();
    const { clock, operations } = this.#options;
    const requests = remember(claim.requests, request, operation);
    const wall = clock.wall();
    await this.#write(changed<SliceClaim>(claim, { ...change, operation, requests }, wall), caller);
    if (!claim.operation.ended) {
      const failure = { reason: "SUPERSEDED", message: now } as const;
      operations.end(withEnded(claim, wall, failure));
    } else operations.advance(claim.operation.id);
    return this.await(this.#now(claim), caller);
  }

  /** Waits for what was last asked of a claim. */
  async await<Of extends SliceClaim>(claim: Of, { signal, onOperation }: Caller): Promise<Result<Of>> {
    const { driver, lookout, operations, clock } = this.#options;
    driver.lead(claim.vgpuId);
    const { operation } = claim;
    onOperation(operation);
    const ended = operation.ended ? claim : await waitFor({ operations, clock, operation }, signal);
    // It goes on by itself, but not after a crash.
    if (!ended) this.#options.ledger.refuseUnwritten(claim.vgpuId);
    // Who hears that it has ended, and asks, sees what it did; where nobody can look, what was seen before.
    const looked = lookout.fresh().catch(() => undefined);
    await untilAborted(looked, signal);
    return this.#result(isLike(claim, ended) ? ended : this.#now(claim));
  }

  /** As `seen`, of a claim that has ended: not before its end is on disk, and where that fails whoever leads it is waited for. */
  async over<Of extends SliceClaim>(claim: Of, caller: Caller): Promise<Result<Of>> {
    const now = await untilAborted(this.#options.ledger.written(claim.vgpuId), caller.signal);
    return isLike(claim, now) && now.state !== "gone" ? this.await(now, caller) : this.seen(claim);
  }

  /** What a retry of a create hears; what was asked of the claim since then is not its business. */
  joinCreate<Of extends SliceClaim>(claim: Of, caller: Caller): Promise<Result<Of>> {
    caller.onClaim(claim);
    return isCreate(claim) ? this.await(claim, caller) : Promise.resolve(this.seen(claim));
  }

  /** What a claim's latest operation came to, without waiting for it. */
  seen<Of extends SliceClaim>(claim: Of): Result<Of> {
    const { operation } = claim;
    return { claim, operation, stalled: this.#options.operations.stalledBy(operation.id) };
  }

  /** What the same request led to before; undefined for a new one, and for one to be joined by the ordinary way. */
  repeated<Of extends SliceClaim>(request: RequestIdentity, claim: Of): Result<Of> | undefined {
    const operationId = operationOfRepeat(this.#options.ledger, request, claim);
    if (operationId === undefined) return undefined;
    // Ended: the caller gets the same answer, without doing it again.
    if (claim.operation.id === operationId) return claim.operation.ended ? this.#result(claim) : undefined;
    // Of another life of the agent only the fact is left that a later operation followed: it is not done a second time.
    const ended = this.#options.operations.ended(operationId)?.claim;
    return isLike(claim, ended) ? this.#result(ended) : this.seen(claim);
  }

  #result<Of extends SliceClaim>(claim: Of): Result<Of> {
    const { operation, placement } = claim;
    const failure = operation.ended?.failure;
    if (!failure) return this.seen(claim);
    const { reason, message } = failure;
    const details = { claim_id: claim.claimId, operation: `operations/${operation.id}` };
    if (isCreate(claim) && placement && reasons[reason] === "no-room")
      throw new NotPlacedError(lostAfterAll(placement, { reason, why: message }), details);
    throw new AgentError(reason, message, { details });
  }

  /**
   * A claim with a new operation. When it cannot be written, those who joined meanwhile must not wait for it; but what is to
   * go may go: its end is not acknowledged before it is written.
   */
  async #write(claim: SliceClaim, caller: Caller): Promise<void> {
    const { ledger, operations } = this.#options;
    caller.onClaim(claim);
    try {
      await (claim.goal === "absent" ? ledger.putAhead(claim) : ledger.put(claim));
    } catch (error) {
      operations.discard(claim.operation.id, AgentError.from(error));
      throw error;
    }
  }

  /** The claim as the ledger has it; as it was when it has gone from there. */
  #now<Of extends SliceClaim>(claim: Of): Of {
    const now = this.#options.ledger.get(claim.vgpuId);
    return isLike(claim, now) ? now : claim;
  }
}

function isLike<Of extends SliceClaim>({ kind }: Of, other: Claim | undefined): other is Of {
  return other?.kind === kind;
}
