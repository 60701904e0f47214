// What is wrong with the room on a GPU, as conditions: the kernel counts otherwise, or what is free is in pieces.
import {
  Condition,
  ConditionStatus,
  Severity,
  type Evidence,
} from "../../../proto/gen/vgpud/v1/condition.ts";
import type { GpuView } from "../../lifecycle/views.ts";

/** One of each reason at most: a reason is unique within a GPU. */
export function capacityConditions(view: GpuView): Condition[] {
  return [
    ...(view.disagreements.length > 0 ? [disagreement(view)] : []),
    ...(view.fragmented.length > 0 ? [fragmentation(view)] : []),
  ];
}

function disagreement({ gpu, disagreements }: GpuView): Condition {
  const wraps = disagreements.some((one) => one.wraps);
  const told = disagreements.map(
    ({ type, ours, kernel }) => `of ${type} the kernel ${kernel}, vgpud ${ours}`,
  );
  const why = wraps
    ? "the kernel's arithmetic wraps around, since the part of the graphics memory outside or inside the aperture is " +
      "smaller than what it keeps for the host, and every create fails"
    : "the smaller number holds";
  return warning({
    reason: "CAPACITY_DISAGREES",
    message: `kernel and vgpud differ in how many more vGPUs fit (${told.join("; ")}): ${why}`,
    evidence: disagreements.flatMap(({ type, ours, kernel }) => [
      shown(gpu.address, type, kernel),
      { path: `vgpud: ${type}`, value: String(ours) },
    ]),
    remedy: wraps
      ? "set the graphics aperture in the firmware to between 256 MiB and 1 GiB"
      : "docs/capacity.md tells what makes them differ: a vGPU that the kernel lost until the next boot, or a graphics " +
        "address space that the firmware made smaller",
    gpu: gpu.address,
  });
}

function fragmentation({ gpu, fragmented, largestFree }: GpuView): Condition {
  const told = fragmented.map(({ type, inSum }) => `${inSum} of ${type}`);
  const refused = fragmented.filter((one) => one.refused).map(({ type }) => type);
  const why =
    refused.length > 0
      ? `the kernel has refused ${refused[0] ?? ""} (ENOSPC)`
      : `by vgpud's estimate of where the vGPUs lie the largest pieces are ${pieces(largestFree)}`;
  return warning({
    reason: "GM_FRAGMENTED",
    message: `what is free would hold ${told.join(" or ")} in sum, and is in no piece large enough: ${why}`,
    evidence: fragmented.map(({ type, kernel }) => shown(gpu.address, type, kernel)),
    remedy:
      "destroy a vGPU of this GPU that lies between two free pieces, or ask for a smaller type; other GPUs are preferred " +
      "meanwhile",
    gpu: gpu.address,
  });
}

function pieces(largest: GpuView["largestFree"]): string {
  return largest ? `${largest.lowGmMib} MiB of low GM and ${largest.highGmMib} MiB of high GM` : "unknown";
}

function shown(gpu: string, type: string, value: number): Evidence {
  const path = `/sys/class/mdev_bus/${gpu}/mdev_supported_types/${type}/available_instances`;
  return { path, value: String(value) };
}

function warning(condition: Parameters<typeof Condition.fromPartial>[0]): Condition {
  return Condition.fromPartial({
    ...condition,
    status: ConditionStatus.FAIL,
    severity: Severity.WARNING,
  });
}
