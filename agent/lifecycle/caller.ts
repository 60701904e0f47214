// Whoever asks for a mutation and waits for it, as far as the lifecycle needs to know.
import type { TraceContext } from "../core/trace.ts";
import type { Claim, Operation } from "./claim.ts";

export interface Caller {
  /** Aborts when nobody waits for the answer any more. Before the intent is written it stops the request, after that only the wait. */
  readonly signal: AbortSignal;
  /** The trace that the request belongs to; undefined when it names none. */
  readonly trace: TraceContext | undefined;
  /** Told which claim the request is about, once that is known. */
  readonly onClaim: (claim: Claim) => void;
  /** Told which operation the request began or joined: it goes on although the caller may not wait for its end. */
  readonly onOperation: (operation: Operation) => void;
}
