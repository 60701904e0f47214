// vGPUs as the contract shows them.
import * as pb from "../../../proto/gen/vgpud/v1/vgpu.ts";
import type { AgentError } from "../../core/errors.ts";
import type { Inventory, Labels } from "../../inventory/model.ts";
import { modeOfType, sizesOf } from "../../inventory/share.ts";
import { sizesOfSlice } from "../../inventory/slice-sizes.ts";
import { isXengt } from "../../inventory/xengt.ts";
import { domainIdOf, type Claim } from "../../lifecycle/claim.ts";
import type { VgpuView } from "../../lifecycle/views.ts";
import { operationName, toWireClaimState, toWireFailure, toWireOwnership } from "./claim.ts";
import { wireModes } from "./condition.ts";
import { toWireSizes, toWireBackend } from "./gpu.ts";
import { toWireVfProfile } from "./vf-profile.ts";

export interface VgpuContext {
  readonly inventory: Inventory;
  /** What holds the claim's operation up. */
  readonly stalledBy: AgentError | undefined;
}

function labelsOf(claim: Claim | undefined): Labels {
  return (claim?.kind === "vgpu" ? claim.labels : claim?.domain?.labels) ?? {};
}

export function toWireVgpu(view: VgpuView, { inventory, stalledBy }: VgpuContext): pb.Vgpu {
  const { claim, domain, kernel, share } = view;
  const mode = modeOfType(view.type);
  const sizes = (share && sizesOf(share)) ?? (kernel && sizesOfSlice(kernel, inventory.gpus.get(view.gpu)));
  return pb.Vgpu.fromPartial({
    vgpuId: view.id,
    gpu: view.gpu,
    mode: wireModes[mode],
    backend: toWireBackend(mode, { xengt: isXengt(inventory) }),
    type: view.type,
    sizes: sizes && toWireSizes(sizes),
    backendRef: refOf(view, inventory),
    ownership: toWireOwnership(view.ownership),
    claimId: claim?.claimId ?? "",
    claimState: toWireClaimState(claim),
    domainUuid: domain?.id ?? (claim && domainIdOf(claim)) ?? "",
    domainName: domain?.name ?? claim?.domain?.name ?? "",
    inUse: view.inUse,
    present: view.present,
    holders: stalledBy?.holders.map(({ pid, command }) => ({ pid, command })) ?? [],
    failure: toWireFailure(claim?.failure, stalledBy),
    createTime: claim && new Date(claim.createdAt),
    iommuGroup: kernel?.iommuGroup,
    operation: operationName(claim),
    labels: labelsOf(claim),
    ...functionFacts(view, inventory),
  });
}

/** Of what is a PCI function. */
function functionFacts({ share, gpu }: VgpuView, { gpus }: Inventory): Partial<pb.Vgpu> {
  const facts = gpus.get(gpu);
  if (share?.mode === "gvt-d") return { driver: facts?.driver ?? "" };
  if (share?.mode !== "sriov") return {};
  const found = facts?.sriov?.functions.find(({ address }) => address === share.address);
  return found ? { driver: found.driver ?? "", vfProfile: toWireVfProfile(found) } : {};
}

function refOf({ kernel, share, present, gpu }: VgpuView, { gpus }: Inventory): pb.BackendRef | undefined {
  if (kernel?.domid !== undefined)
    return pb.BackendRef.fromPartial({ ref: { $case: "xenDomid", value: kernel.domid } });
  if (kernel) return pb.BackendRef.fromPartial({ ref: { $case: "mdevUuid", value: kernel.id } });
  if (!share || !present) return undefined;
  switch (share.mode) {
    case "gvt-g":
      return undefined;
    case "gvt-s": {
      const node = gpus.get(gpu)?.drmRender;
      return node === undefined
        ? undefined
        : pb.BackendRef.fromPartial({ ref: { $case: "renderNode", value: `/dev/dri/${node}` } });
    }
    case "gvt-d":
      return pb.BackendRef.fromPartial({ ref: { $case: "pciAddress", value: gpu } });
    case "sriov": {
      const value = { pciAddress: share.address, number: share.number };
      return pb.BackendRef.fromPartial({ ref: { $case: "virtualFunction", value } });
    }
  }
}
