// Waits for an operation as long as a caller does. The operation itself goes on whatever happens here (law 6).
import type { Clock } from "../core/clock.ts";
import type { AgentError } from "../core/errors.ts";
import type { Reason } from "../core/reasons.ts";
import type { Operation, SliceClaim } from "./claim.ts";
import type { Operations, Progress } from "./operations.ts";

export interface Wait {
  readonly operations: Operations;
  readonly clock: Clock;
  readonly operation: Operation;
}

/** How long an answer waits for a holder to let go of a slice, before it says DELETING and names it. */
const PATIENCE_MS = 15_000;
const HELD: readonly Reason[] = ["VGPU_IN_USE", "VGPU_REMOVE_BLOCKED"];

/**
 * The claim as the operation left it; undefined when a holder still keeps the slice after a while. Throws what keeps the
 * operation from getting on otherwise, or the signal's reason.
 */
export async function waitFor(
  { operations, clock, operation }: Wait,
  signal: AbortSignal,
): Promise<SliceClaim | undefined> {
  const over = new AbortController();
  const { promise, settle, fail } = deferred<SliceClaim | undefined>();
  const unfollow = operations.follow(operation.id, (progress) => {
    if (progress.kind === "ended") settle(progress.claim);
    else if (!isHeld(progress)) fail(progress.error);
    else
      void clock.sleep(PATIENCE_MS, over.signal).then(
        () => {
          settle(undefined);
        },
        () => undefined,
      );
  });
  const abort = (): void => {
    fail(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await promise;
  } finally {
    unfollow();
    over.abort();
    signal.removeEventListener("abort", abort);
  }
}

function isHeld(progress: Extract<Progress, { kind: "stalled" }>): boolean {
  const { reason }: AgentError = progress.error;
  return HELD.includes(reason);
}

function deferred<T>(): { promise: Promise<T>; settle: (value: T) => void; fail: (error: unknown) => void } {
  let settle!: (value: T) => void;
  let fail!: (error: unknown) => void;
  const promise = new Promise<T>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  return { promise, settle, fail };
}
