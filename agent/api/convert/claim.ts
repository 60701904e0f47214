// Words about claims, and failures, as the contract shows them. A new state does not compile until it is mapped.
import * as pb from "../../../proto/gen/vgpud/v1/claim.ts";
import { Failure as WireFailure } from "../../../proto/gen/vgpud/v1/errors.ts";
import type { AgentError } from "../../core/errors.ts";
import type { OnStop } from "../../inventory/model.ts";
import type { Claim, ClaimState, Failure } from "../../lifecycle/claim.ts";
import type { Ownership } from "../../lifecycle/views.ts";

const claimStates = {
  reserved: pb.ClaimState.RESERVED,
  creating: pb.ClaimState.CREATING,
  active: pb.ClaimState.ACTIVE,
  stopped: pb.ClaimState.STOPPED,
  deleting: pb.ClaimState.DELETING,
  gone: pb.ClaimState.GONE,
  failed: pb.ClaimState.FAILED,
} as const satisfies Record<ClaimState, pb.ClaimState>;

const ownerships = {
  own: pb.Ownership.OWN,
  foreign: pb.Ownership.FOREIGN,
  orphan: pb.Ownership.ORPHAN,
} as const satisfies Record<Ownership, pb.Ownership>;

const onStops = {
  hold: pb.OnStop.HOLD,
  release: pb.OnStop.RELEASE,
} as const satisfies Record<OnStop, pb.OnStop>;

export function toWireClaimState(claim: Claim | undefined): pb.ClaimState {
  return claim ? claimStates[claim.state] : pb.ClaimState.UNSPECIFIED;
}

export function toWireOwnership(ownership: Ownership): pb.Ownership {
  return ownerships[ownership];
}

export function toWireOnStop(claim: Claim | undefined): pb.OnStop {
  return claim?.domain ? onStops[claim.domain.onStop] : pb.OnStop.UNSPECIFIED;
}

/** What holds a claim up now, or else why it failed. */
export function toWireFailure(
  failure: Failure | undefined,
  stalledBy: AgentError | undefined,
): WireFailure | undefined {
  const shown = stalledBy ?? failure;
  if (!shown) return undefined;
  const details = stalledBy?.details ?? {};
  const metadata = Object.fromEntries(Object.entries(details).map(([key, value]) => [key, String(value)]));
  return WireFailure.fromPartial({ reason: shown.reason, message: shown.message, metadata });
}

export function operationName(claim: Claim | undefined): string {
  return claim?.operation ? `operations/${claim.operation.id}` : "";
}
