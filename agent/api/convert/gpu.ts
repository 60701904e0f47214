// GPUs as the contract shows them.
import * as pb from "../../../proto/gen/vgpud/v1/gpu.ts";
import { Condition, ConditionStatus, Severity } from "../../../proto/gen/vgpud/v1/condition.ts";
import type { Amounts, Budget } from "../../capacity/budget.ts";
import type { SliceSizes, VgpuType } from "../../inventory/model.ts";
import { platformOf } from "../../inventory/platforms.ts";
import type { GpuView } from "../../lifecycle/views.ts";

/** What the last diagnosis said of a GPU. */
export interface Diagnosed {
  readonly modes: readonly pb.ModeSupport[];
  /** Those that failed. */
  readonly conditions: readonly Condition[];
}

export function toWireGpu({ gpu, budget, types, disagreements }: GpuView, diagnosed: Diagnosed): pb.Gpu {
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
    budget: budget && toWireBudget(budget),
    types: types.map(({ type, allocatable }) => toWireType(type, allocatable)),
    modes: [...diagnosed.modes],
    conditions: [
      ...disagreements.map((disagreement) => toWireDisagreement(gpu.address, disagreement)),
      ...diagnosed.conditions,
    ],
  });
}

export function toWireSizes({ lowGmMib, highGmMib, fences }: SliceSizes): pb.SliceSizes {
  return pb.SliceSizes.fromPartial({ lowGmMib, highGmMib, fences });
}

export function toWireAmounts({ lowGmMib, highGmMib, fences, instances }: Amounts): pb.ResourceAmounts {
  return pb.ResourceAmounts.fromPartial({ lowGmMib, highGmMib, fences, instances });
}

function toWireBudget({ total, host, used, free }: Budget): pb.ResourceBudget {
  return pb.ResourceBudget.fromPartial({
    total: toWireAmounts(total),
    host: toWireAmounts(host),
    used: toWireAmounts(used),
    free: toWireAmounts(free),
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

function toWireDisagreement(
  gpu: string,
  { type, ours, kernel }: GpuView["disagreements"][number],
): Condition {
  const path = `/sys/class/mdev_bus/${gpu}/mdev_supported_types/${type}/available_instances`;
  return Condition.fromPartial({
    reason: "CAPACITY_DISAGREES",
    status: ConditionStatus.FAIL,
    severity: Severity.WARNING,
    message: `of ${type} the kernel would make ${kernel} more, by its budget ${ours} more fit; the smaller number holds`,
    evidence: [{ path, value: String(kernel) }],
    remedy:
      "compare the BIOS setting of the graphics aperture with what the budget shows; a size other than 256 MiB to 2 GiB misleads the driver",
    gpu,
  });
}
