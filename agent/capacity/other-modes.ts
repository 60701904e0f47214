// What is told of a GPU that is in none of the modes that are wanted: how it gets into one, or why it never does. Pure.
import type { Mode } from "../core/modes.ts";
import { typesVersionOf } from "../inventory/gvt-g.ts";
import { isForGuest } from "../inventory/guest-drivers.ts";
import type { Gpu } from "../inventory/model.ts";
import { platformOf } from "../inventory/platforms.ts";

interface InMode {
  readonly gpu: Gpu;
  /** Undefined when it is shared in none. */
  readonly mode: Mode | undefined;
  /** Whether the host is Xen's. */
  readonly xen: boolean;
  /** Whether it waits for the next boot. */
  readonly parked: boolean;
}

/** Goes on from the GPU's name. What its facts do not rule out SetGpuMode may still refuse, by a condition. */
export function otherModeText(wanted: readonly Mode[], { gpu, mode, xen, parked }: InMode): string {
  if (parked)
    return `was given back and waits for the next boot, at which its driver takes it; boot the host`;
  const is = mode === undefined ? `is not in mode ${wanted.join(" or ")}` : `is in mode ${mode}`;
  const possible = wanted.filter((each) => neverIn(each, gpu, xen) === undefined);
  if (possible.length > 0)
    return `${is}; SetGpuMode (vgpuctl set-mode ${gpu.address} ${possible.join(" or ")}) changes that`;
  const never = wanted.flatMap((each) => neverIn(each, gpu, xen) ?? []);
  return `${is}, and ${[...new Set(never)].join(" and ")}`;
}

/** Why the GPU cannot be in the mode on this host, by its facts alone; undefined where they do not say. */
function neverIn(mode: Mode, { sriov, types, driver, deviceId }: Gpu, xen: boolean): string | undefined {
  switch (mode) {
    case "gvt-d":
      return undefined;
    case "gvt-s":
      return xen ? "guests of Xen have no gvt-s (VIRGL_NOT_ON_XEN)" : undefined;
    case "sriov":
      if (sriov === undefined) return "has no SR-IOV";
      return sriov.total === 0
        ? "its driver lets it have no virtual functions (SRIOV_NOT_OFFERED)"
        : undefined;
    case "gvt-g": {
      if (types.length > 0) return undefined;
      // Without its driver a GPU offers none, whatever it could.
      const platform = driver === undefined || isForGuest(driver) ? platformOf(deviceId) : undefined;
      return platform && typesVersionOf(platform.name) !== undefined ? undefined : "offers no vGPU types";
    }
  }
}
