// The operations that are told of without being asked for by name. Pure.
import { hasSlice } from "./claim.ts";
import type { Ledger } from "./ledger.ts";
import type { EndedOperation, Operations } from "./operations.ts";

/** An operation with its claim: as that was when the operation ended, or as it is by now. */
export type KnownOperation = EndedOperation;

/** The latest of each claim that has not ended, and those that ended last since the start. */
export function knownOperations(ledger: Ledger, operations: Operations): KnownOperation[] {
  const living = ledger
    .living()
    .filter(hasSlice)
    .map((claim) => ({ claim, operation: claim.operation }));
  const ended = operations.allEnded().map((known): KnownOperation => {
    const claim = ledger.get(known.claim.vgpuId);
    const isLatest = claim !== undefined && hasSlice(claim) && claim.operation.id === known.operation.id;
    return isLatest ? { claim, operation: claim.operation } : known;
  });
  return [...new Map([...ended, ...living].map((known) => [known.operation.id, known])).values()];
}
