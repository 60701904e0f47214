// What people want to know of a watched object in one line, part by part, so that what changed can be told. Pure.
import type { Condition } from "../../../proto/gen/vgpud/v1/condition.ts";
import type { Gpu } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { inUseText } from "../view/vgpu-view.ts";
import { failureText, time, word } from "../view/words.ts";
import type { WatchObject } from "./mirror.ts";

/** A part with its value; what an object is in the first place has no name. Undefined: nothing to say. */
export type Facet = readonly [name: string, value: string | undefined];

/** What people call it. */
export function titleOf({ $case: kind, value }: WatchObject): readonly [kind: string, name: string] {
  switch (kind) {
    case "host":
      return [kind, value.hostname];
    case "gpu":
      return [kind, value.pciAddress];
    case "vgpu":
      return [kind, value.vgpuId];
    case "domain":
      return [kind, value.name];
    case "reservation":
      return [kind, value.claimId];
    case "operation": {
      const about = value.domainName || value.claimId || value.gpu;
      return [kind, `${word(value.kind, "OPERATION_KIND") ?? "unknown"} ${about}`.trimEnd()];
    }
  }
}

/** The same parts for all objects of a kind. */
export function facetsOf({ $case: kind, value }: WatchObject): readonly Facet[] {
  switch (kind) {
    case "host":
      return [
        ["libvirt", value.libvirt?.connected === true ? "answers" : "away"],
        ["agent", value.agentVersion],
        ["kernel", value.kernelRelease],
        ["conditions", reasonsOf(value.conditions)],
        ["drained", value.drained ? "yes" : "no"],
      ];
    case "gpu":
      return [
        ["mode", word(value.mode, "MODE")],
        ["free", freeOf(value)],
        ["conditions", reasonsOf(value.conditions)],
        ["drained", value.drained ? "yes" : "no"],
      ];
    case "vgpu":
      return [
        ["", value.present ? "present" : "promised"],
        ["claim", word(value.claimState, "CLAIM_STATE")],
        ["in use", inUseText(value)],
        ["domain", value.domainName],
        ["failure", failureText(value.failure)],
      ];
    case "domain":
      return [
        ["", word(value.state, "DOMAIN_STATE")],
        ["claim", word(value.claimState, "CLAIM_STATE")],
        ["vGPU", value.vgpuIds.join(" ")],
        ["failure", failureText(value.failure)],
      ];
    case "reservation":
      return [
        ["", word(value.claimState, "CLAIM_STATE")],
        ["gpu", value.gpu],
        ["type", value.type],
        ["until", time(value.expireTime)],
      ];
    case "operation":
      return [
        ["", word(value.state, "OPERATION_STATE")],
        ["failure", failureText(value.failure)],
      ];
  }
}

function reasonsOf(conditions: readonly Condition[]): string {
  return conditions.map(({ reason }) => reason).join(" ");
}

function freeOf({ budget }: Gpu): string | undefined {
  const free = budget?.free;
  if (free === undefined) return undefined;
  const { lowGmMib, highGmMib, fences, instances } = free;
  return `${lowGmMib}+${highGmMib} MiB ${fences} fences ${instances} ${instances === 1 ? "vGPU" : "vGPUs"}`;
}
