// Which XenGT a simulated host has, and for which of its GPUs.
import { gvtTypes } from "../gvt-types.ts";
import type { GpuDescription, HostDescription } from "../host-description.ts";
import { DetachedVgt } from "./detached.ts";
import type { VgtDriver } from "./driver.ts";
import { TypedVgt } from "./typed.ts";

/** Of the GPUs that are there, with the drivers that they have now. Undefined where the host has no XenGT, or it no GPU. */
export function probeVgt(host: HostDescription, gpus: readonly GpuDescription[]): VgtDriver | undefined {
  const gpu = gpus.find(({ driver }) => driver === "i915");
  if (gpu === undefined) return undefined;
  switch (host.xengt) {
    case undefined:
      return undefined;
    case "2015":
      return DetachedVgt.drives(gpu) ? new DetachedVgt(gpu) : undefined;
    case "2017":
      return host.enable_gvt === true && gvtTypes(gpu.device).length > 0 ? new TypedVgt(gpu) : undefined;
  }
}
