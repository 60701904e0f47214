// GPUs as the contract shows them.
import type { Condition } from "../../../proto/gen/vgpud/v1/condition.ts";
import * as pb from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { Amounts, Budget } from "../../capacity/budget.ts";
import type { SliceSizes, VgpuType } from "../../inventory/model.ts";
import { platformOf } from "../../inventory/platforms.ts";
import type { GpuView } from "../../lifecycle/views.ts";
import { gpuDrainConditions } from "./drain-conditions.ts";

/** What is said of a GPU beside its figures. */
export interface Diagnosed {
  readonly modes: readonly pb.ModeSupport[];
  /** What fails. */
  readonly conditions: readonly Condition[];
}

export function toWireGpu(view: GpuView, diagnosed: Diagnosed): pb.Gpu {
  const { gpu, drain, budget, types } = view;
  const shares = types.length > 0;
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
    mode: shares ? pb.Mode.GVT_G : pb.Mode.UNSPECIFIED,
    backend: shares ? pb.Backend.KVMGT : pb.Backend.UNSPECIFIED,
    budget: budget && toWireBudget(budget, view),
    types: types.map(({ type, allocatable }) => toWireType(type, allocatable)),
    modes: [...diagnosed.modes],
    conditions: [...gpuDrainConditions(gpu.address, drain), ...diagnosed.conditions],
    drained: drain !== undefined,
    drainNote: drain?.note ?? "",
  });
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
    mode: pb.Mode.GVT_G,
  });
}
