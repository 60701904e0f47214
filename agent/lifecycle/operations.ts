// Tells those who wait how the operation they asked for went on. What has ended is remembered for a while.
import type { AgentError } from "../core/errors.ts";
import type { Operation, SliceClaim } from "./claim.ts";

/** What a waiter hears: the end, or that it does not get on for now (it goes on trying by itself). */
export type Progress =
  | { readonly kind: "ended"; readonly operation: Operation; readonly claim: SliceClaim }
  | { readonly kind: "stalled"; readonly error: AgentError };

/** An operation that ended, with the claim as it was then. */
export interface EndedOperation {
  readonly operation: Operation;
  readonly claim: SliceClaim;
}

/** Those of claims that are no longer in the ledger; a create that failed leaves no other trace. */
const REMEMBERED = 1000;

export class Operations {
  readonly #waiters = new Map<string, Set<(progress: Progress) => void>>();
  readonly #stalled = new Map<string, AgentError>();
  readonly #ended = new Map<string, EndedOperation>();
  readonly #onEnded: (operation: Operation) => void;
  readonly #onChange = new Set<() => void>();
  #version = 0;

  /** `onEnded` hears of each operation once, when it ends. */
  constructor(onEnded: (operation: Operation) => void = () => undefined) {
    this.#onEnded = onEnded;
  }

  /** Another one whenever `stalledBy` or `ended` may answer otherwise. */
  get version(): number {
    return this.#version;
  }

  /** Tells of each new version. */
  onChange(listener: () => void): void {
    this.#onChange.add(listener);
  }

  /** To be called once for each operation, when it ends. */
  end(claim: SliceClaim): void {
    const { operation } = claim;
    this.#stalled.delete(operation.id);
    this.#ended.set(operation.id, { operation, claim });
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size <= REMEMBERED) break;
      this.#ended.delete(oldest);
    }
    this.#changed();
    this.#onEnded(operation);
    this.#tell(operation.id, { kind: "ended", operation, claim });
  }

  /** It goes on trying. */
  stall(operationId: string, error: AgentError): void {
    this.#stalled.set(operationId, error);
    this.#changed();
    this.#tell(operationId, { kind: "stalled", error });
  }

  /** The operation was never written down, so it will not begin: whoever joined it hears why, and nothing is remembered. */
  discard(operationId: string, error: AgentError): void {
    this.#tell(operationId, { kind: "stalled", error });
  }

  /** A step was done, or none is left: nothing holds the claim up any more, as far as is known. */
  advance(operationId: string): void {
    if (this.#stalled.delete(operationId)) this.#changed();
  }

  /**
   * What last kept an operation from getting on, as the holder of a slice; undefined when nothing did. Of one that has ended:
   * what keeps its claim from staying as it left it, as a slice that has gone and cannot be made again.
   */
  stalledBy(operationId: string): AgentError | undefined {
    return this.#stalled.get(operationId);
  }

  ended(operationId: string): EndedOperation | undefined {
    return this.#ended.get(operationId);
  }

  /** In the order in which they ended. */
  allEnded(): EndedOperation[] {
    return [...this.#ended.values()];
  }

  /** Calls back with every piece of progress until the returned function is called. Tells at once what has ended already. */
  follow(operationId: string, listener: (progress: Progress) => void): () => void {
    const ended = this.#ended.get(operationId);
    if (ended) {
      listener({ kind: "ended", ...ended });
      return () => undefined;
    }
    const listeners = this.#waiters.get(operationId) ?? new Set();
    this.#waiters.set(operationId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#waiters.delete(operationId);
    };
  }

  #changed(): void {
    this.#version += 1;
    for (const listener of this.#onChange) listener();
  }

  #tell(operationId: string, progress: Progress): void {
    for (const listener of [...(this.#waiters.get(operationId) ?? [])]) listener(progress);
  }
}
