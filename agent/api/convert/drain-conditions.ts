// That something was taken out of service for new vGPUs, as a condition: nothing is wrong, and nobody should wonder.
import { Condition, ConditionStatus, Severity } from "../../../proto/gen/vgpud/v1/condition.ts";
import type { PciAddress } from "../../core/ids.ts";
import type { Drain } from "../../lifecycle/drains.ts";

/** At most one. */
export function hostDrainConditions(drain: Drain | undefined): Condition[] {
  return drain
    ? [drained(drain, { reason: "HOST_DRAINED", what: "the host", remedy: "vgpuctl undrain" })]
    : [];
}

/** At most one. */
export function gpuDrainConditions(gpu: PciAddress, drain: Drain | undefined): Condition[] {
  if (!drain) return [];
  const condition = drained(drain, { reason: "GPU_DRAINED", what: gpu, remedy: `vgpuctl undrain ${gpu}` });
  return [{ ...condition, gpu }];
}

function drained(
  { note, since }: Drain,
  { reason, what, remedy }: { readonly reason: string; readonly what: string; readonly remedy: string },
): Condition {
  return Condition.fromPartial({
    reason,
    status: ConditionStatus.FAIL,
    severity: Severity.INFO,
    message: `${what} is drained${note === "" ? "" : `: ${note}`}; no new vGPUs are made there, what exists goes on`,
    remedy: `${remedy} ends it`,
    changeTime: new Date(since),
  });
}
