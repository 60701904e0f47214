// Placement decisions as the contract shows them.
import { Backend } from "../../../proto/gen/vgpud/v1/gpu.ts";
import * as pb from "../../../proto/gen/vgpud/v1/placement.ts";
import type { Candidate } from "../../capacity/judged.ts";
import type { Decision } from "../../capacity/place.ts";
import type { Policy } from "../../capacity/policies.ts";
import { modeOfType, typeOf } from "../../inventory/share.ts";
import { toWireAmounts, toWireSizesOf, toWireBackend } from "./gpu.ts";

const policies = {
  pack: pb.PlacementPolicy.PACK,
  spread: pb.PlacementPolicy.SPREAD,
  numa: pb.PlacementPolicy.NUMA,
} as const satisfies Record<Policy, pb.PlacementPolicy>;

export function toWireDecision(decision: Decision): pb.PlacementDecision {
  const candidates = decision.candidates.map((candidate) => toWireCandidate(candidate, decision));
  if (!decision.ok) return pb.PlacementDecision.fromPartial({ message: decision.why, candidates });
  const chosen = decision.candidates.find(({ gpu }) => gpu === decision.gpu);
  return pb.PlacementDecision.fromPartial({
    gpu: decision.gpu,
    backend: toWireBackend(decision.share.mode, { xengt: chosen?.xengt === true }),
    type: typeOf(decision.share),
    sizes: toWireSizesOf(decision.share),
    message: chosen?.why ?? "",
    candidates,
    warnings: [...decision.warnings],
    policy: policies[decision.policy],
  });
}

function toWireCandidate(
  { gpu, type, lost, why, budget, score, ...how }: Candidate,
  decision: Decision,
): pb.PlacementCandidate {
  return pb.PlacementCandidate.fromPartial({
    gpu,
    backend:
      type === undefined
        ? Backend.UNSPECIFIED
        : toWireBackend(modeOfType(type), { xengt: how.xengt === true }),
    type: type ?? "",
    chosen: decision.ok && decision.gpu === gpu,
    reason: lost ?? "",
    message: why,
    free: budget && toWireAmounts(budget.free),
    score,
  });
}
