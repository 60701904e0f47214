// Operations as the contract shows them.
import * as pb from "../../../proto/gen/vgpud/v1/operation.ts";
import type { AgentError } from "../../core/errors.ts";
import { domainIdOf, type Operation, type OperationKind, type SliceClaim } from "../../lifecycle/claim.ts";
import { toWireClaimState, toWireFailure } from "./claim.ts";

const kinds = {
  create: pb.OperationKind.CREATE_DOMAIN,
  start: pb.OperationKind.START_DOMAIN,
  stop: pb.OperationKind.STOP_DOMAIN,
  destroy: pb.OperationKind.DESTROY_DOMAIN,
  "create-vgpu": pb.OperationKind.CREATE_VGPU,
  "delete-vgpu": pb.OperationKind.DELETE_VGPU,
} as const satisfies Record<OperationKind, pb.OperationKind>;

export function toWireOperation(
  operation: Operation,
  claim: SliceClaim,
  stalledBy: AgentError | undefined,
): pb.Operation {
  const { ended } = operation;
  return pb.Operation.fromPartial({
    name: `operations/${operation.id}`,
    kind: kinds[operation.kind],
    state: stateOf(operation),
    claimId: claim.claimId,
    domainUuid: domainIdOf(claim) ?? "",
    domainName: claim.domain?.name ?? "",
    gpu: claim.gpu,
    vgpuId: claim.vgpuId,
    claimState: toWireClaimState(claim),
    startTime: new Date(operation.startedAt),
    endTime: ended && new Date(ended.at),
    failure: ended ? toWireFailure(ended.failure, undefined) : toWireFailure(claim.failure, stalledBy),
  });
}

function stateOf({ ended }: Operation): pb.OperationState {
  if (!ended) return pb.OperationState.RUNNING;
  return ended.failure ? pb.OperationState.FAILED : pb.OperationState.SUCCEEDED;
}
