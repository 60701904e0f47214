// GPUs as the contract shows them.
import type { Condition } from "../../../proto/gen/vgpud/v1/condition.ts";
import * as pb from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { Amounts, Budget } from "../../capacity/budget.ts";
import type { VgpuType } from "../../inventory/model.ts";
import { modeOfType, sizesOf, type Share, type SliceSizes } from "../../inventory/share.ts";
import type { Mode } from "../../core/modes.ts";
import { platformOf } from "../../inventory/platforms.ts";
import type { GpuView } from "../../lifecycle/views.ts";
import { wireModes } from "./condition.ts";
import { gpuDrainConditions, hostDrainConditions } from "./drain-conditions.ts";
import { toWireAccounts } from "./mode-accounts.ts";

/** What is said of a GPU beside its figures. */
export interface Diagnosed {
  readonly modes: readonly pb.ModeSupport[];
  /** What fails. */
  readonly conditions: readonly Condition[];
}

const backends = {
  "gvt-g": pb.Backend.KVMGT,
  "gvt-d": pb.Backend.PASSTHROUGH,
  "gvt-s": pb.Backend.VIRGL,
  sriov: pb.Backend.SRIOV,
} as const satisfies Record<Mode, pb.Backend>;

/** What realises a mode; slices on a Xen host, where they are of XenGT, are made by another. */
export function toWireBackend(mode: Mode, { xengt }: { readonly xengt: boolean }): pb.Backend {
  return mode === "gvt-g" && xengt ? pb.Backend.XENGT : backends[mode];
}

export function toWireGpu(view: GpuView, diagnosed: Diagnosed): pb.Gpu {
  const { gpu, drain, hostDrain, budget, types, mode, xengt } = view;
  const platform = platformOf(gpu.deviceId);
  return pb.Gpu.fromPartial({
    pciAddress: gpu.address,
    vendorId: gpu.vendorId,
    deviceId: gpu.deviceId,
    pciClass: gpu.pciClass,
    model: platform?.name ?? "",
    generation: platform?.generation ?? "",
    driver: gpu.driver ?? "",
    numaNode: gpu.numaNode,
    iommuGroup: gpu.iommuGroup,
    drmCard: gpu.drmCard ?? "",
    drmRender: gpu.drmRender ?? "",
    bootVga: gpu.bootVga,
    apertureMib: gpu.apertureMib,
    mode: mode ? wireModes[mode] : pb.Mode.UNSPECIFIED,
    backend: mode ? toWireBackend(mode, { xengt }) : pb.Backend.UNSPECIFIED,
    budget: budget && toWireBudget(budget, view),
    types: types.map(({ type, allocatable }) => toWireType(type, allocatable)),
    modes: [...diagnosed.modes],
    conditions: [
      ...gpuDrainConditions(gpu.address, drain),
      ...hostDrainConditions(hostDrain),
      ...diagnosed.conditions,
    ],
    drained: drain !== undefined,
    drainNote: drain?.note ?? "",
    ...toWireAccounts(view),
  });
}

/** Absent for what takes nothing that is counted so. */
export function toWireSizesOf(share: Share): pb.SliceSizes | undefined {
  const sizes = sizesOf(share);
  return sizes && toWireSizes(sizes);
}

export function toWireSizes({ lowGmMib, highGmMib, fences }: SliceSizes): pb.SliceSizes {
  return pb.SliceSizes.fromPartial({ lowGmMib, highGmMib, fences });
}

export function toWireAmounts({ lowGmMib, highGmMib, fences, instances }: Amounts): pb.ResourceAmounts {
  return pb.ResourceAmounts.fromPartial({ lowGmMib, highGmMib, fences, instances });
}

function toWireBudget(
  { total, host, used, free }: Budget,
  { usedBy, largestFree }: GpuView,
): pb.ResourceBudget {
  return pb.ResourceBudget.fromPartial({
    total: toWireAmounts(total),
    host: toWireAmounts(host),
    used: toWireAmounts(used),
    free: toWireAmounts(free),
    usedOwn: usedBy && toWireAmounts(usedBy.own),
    usedForeign: usedBy && toWireAmounts(usedBy.foreign),
    usedReserved: usedBy && toWireAmounts(usedBy.reserved),
    largestFree,
  });
}

function toWireType(type: VgpuType, allocatable: number): pb.VgpuType {
  return pb.VgpuType.fromPartial({
    name: type.name,
    sizes: type.sizes && toWireSizes(type.sizes),
    weight: type.weight,
    resolution: type.resolution ?? "",
    kernelAvailable: type.kernelAvailable,
    allocatable,
    mode: wireModes[modeOfType(type.name)],
  });
}
