// The steps between host and ledger as the contract shows them.
import { ReconcileResponse, StepState } from "../../../proto/gen/vgpud/v1/host_service.ts";
import type { Report, ReportedStep } from "../../lifecycle/reconciliation.ts";
import { cut } from "../cut.ts";
import { toWireFailure } from "./claim.ts";
import { toWireUnknown } from "./incomplete.ts";

const states = {
  planned: StepState.PLANNED,
  done: StepState.DONE,
  failed: StepState.FAILED,
} as const satisfies Record<ReportedStep["state"], StepState>;

/** Of one step; a name of somebody else's domain may be of any length. */
const MAX_MESSAGE_BYTES = 1_000;

export function toWireReconciliation({ steps, observedAt, incomplete, failed }: Report): ReconcileResponse {
  return ReconcileResponse.fromPartial({
    steps: steps.map(({ kind, claimId, object, message, state, failure }) => ({
      ...{ kind, claimId, object },
      message: cut(message, MAX_MESSAGE_BYTES),
      state: states[state],
      failure: toWireFailure(undefined, failure),
    })),
    observeTime: new Date(observedAt),
    incomplete: incomplete && toWireUnknown(incomplete),
    failedClaims: [...failed],
  });
}
