// What a claim is once its plan has led it to an end, and what stays of it in the ledger. Pure.
import { AgentError } from "../core/errors.ts";
import {
  changed,
  hasSlice,
  reservationBehind,
  tombstone,
  type Claim,
  type Failure,
  type Operation,
  type OperationKind,
  type SliceClaim,
} from "./claim.ts";
import type { Step } from "./plan.ts";

type Settle = Extract<Step, { readonly kind: "settle" }>;

export interface Settled {
  /** As whoever waits for it is told. */
  readonly claim: Claim;
  /** What the ledger is to hold from now on; undefined: nothing. */
  readonly left: Claim | undefined;
  /** The operation that ended with it; undefined when none did, as for a guest that shut down by itself. */
  readonly ended: Operation | undefined;
}

/** Throws INTERNAL for a step that was planned for a claim of another kind. */
export function settled(claim: Claim, step: Settle, wall: number): Settled {
  const after = stepped(claim, step, wall);
  // A drift settles a claim whose operation ended long ago; a create that is being undone has not ended.
  const ends = after.operation?.ended !== undefined && !claim.operation?.ended;
  const left = leftOf(claim, after, wall);
  // Whoever asks again is told the same.
  const told = left?.state === "gone" ? left : after;
  return { claim: told, left, ended: ends ? after.operation : undefined };
}

function stepped(claim: Claim, step: Settle, wall: number): Claim {
  if (claim.kind === "domain" && step.of === "domain")
    return changed(
      claim,
      { ...ledTo(claim.operation, step, wall), ...standing(step), powerOff: undefined },
      wall,
    );
  if (claim.kind === "vgpu" && step.of === "vgpu")
    return changed(claim, { ...ledTo(claim.operation, step, wall), ...standing(step) }, wall);
  if (claim.kind === "reservation" && step.of === "reservation") return changed(claim, standing(step), wall);
  throw new AgentError("INTERNAL", `a ${claim.kind} was to be settled as a ${step.of}`);
}

function standing<One extends Settle>({ state, goal }: One): Pick<One, "state" | "goal"> {
  return { state, goal };
}

function ledTo<Kind extends OperationKind>(
  operation: Operation<Kind>,
  { state, goal, failure }: Settle,
  at: number,
): { readonly operation: Operation<Kind>; readonly failure: Failure | undefined } {
  // A create that failed is over when it is undone: until then its claim id cannot be tried again.
  const undoing = state === "failed" && goal === "absent";
  return { operation: undoing ? operation : ended(operation, at, failure), failure };
}

/** An operation that had ended before stays as it was. */
export function ended<Kind extends OperationKind>(
  operation: Operation<Kind>,
  at: number,
  failure: Failure | undefined,
): Operation<Kind> {
  return operation.ended ? operation : { ...operation, ended: { at, failure } };
}

/** A claim whose operation has ended, and nothing else of it has. */
export function withEnded(claim: SliceClaim, at: number, failure: Failure): SliceClaim {
  return claim.kind === "domain"
    ? { ...claim, operation: ended(claim.operation, at, failure) }
    : { ...claim, operation: ended(claim.operation, at, failure) };
}

/**
 * A create that was undone left nothing, so nothing of it is kept, and the same claim id may try again (law 7); the
 * reservation that it was bound from is there again. Anything else that is over leaves its tombstone.
 */
function leftOf(before: Claim, after: Claim, wall: number): Claim | undefined {
  if (after.state !== "gone") return after;
  const undone = before.kind !== "reservation" && before.state === "failed" && isCreate(before);
  return undone ? reservationBehind(before, wall) : tombstone(after);
}

/** Whether it ended by ReleaseVgpu: a create that is undone leaves no tombstone. */
export function isGivenUp(claim: Claim): boolean {
  return hasSlice(claim) && claim.state === "gone" && isCreate(claim);
}

/** Whether what was last asked of a claim is that it be made. */
export function isCreate({ operation }: SliceClaim): boolean {
  return operation.kind === "create" || operation.kind === "create-vgpu";
}
