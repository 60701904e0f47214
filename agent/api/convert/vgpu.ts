// vGPUs as the contract shows them.
import { Backend, Mode } from "../../../proto/gen/vgpud/v1/gpu.ts";
import * as pb from "../../../proto/gen/vgpud/v1/vgpu.ts";
import type { AgentError } from "../../core/errors.ts";
import type { Inventory, Labels } from "../../inventory/model.ts";
import { domainIdOf, type Claim } from "../../lifecycle/claim.ts";
import type { VgpuView } from "../../lifecycle/views.ts";
import { operationName, toWireClaimState, toWireFailure, toWireOwnership } from "./claim.ts";
import { toWireSizes } from "./gpu.ts";

export interface VgpuContext {
  readonly inventory: Inventory;
  /** What holds the claim's operation up. */
  readonly stalledBy: AgentError | undefined;
}

function labelsOf(claim: Claim | undefined): Labels {
  return (claim?.kind === "vgpu" ? claim.labels : claim?.domain?.labels) ?? {};
}

export function toWireVgpu(view: VgpuView, { inventory, stalledBy }: VgpuContext): pb.Vgpu {
  const { claim, domain, kernel } = view;
  const described = inventory.gpus.get(view.gpu)?.types.find(({ name }) => name === view.type)?.sizes;
  const sizes = claim?.share.sizes ?? described;
  return pb.Vgpu.fromPartial({
    vgpuId: view.id,
    gpu: view.gpu,
    mode: Mode.GVT_G,
    backend: Backend.KVMGT,
    type: view.type,
    sizes: sizes && toWireSizes(sizes),
    backendRef: kernel && { ref: { $case: "mdevUuid", value: kernel.id } },
    ownership: toWireOwnership(view.ownership),
    claimId: claim?.claimId ?? "",
    claimState: toWireClaimState(claim),
    domainUuid: domain?.id ?? (claim && domainIdOf(claim)) ?? "",
    domainName: domain?.name ?? claim?.domain?.name ?? "",
    inUse: view.inUse,
    present: kernel !== undefined,
    holders: stalledBy?.holders.map(({ pid, command }) => ({ pid, command })) ?? [],
    failure: toWireFailure(claim?.failure, stalledBy),
    createTime: claim && new Date(claim.createdAt),
    iommuGroup: kernel?.iommuGroup,
    operation: operationName(claim),
    labels: labelsOf(claim),
  });
}
