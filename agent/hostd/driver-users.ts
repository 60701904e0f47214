// Who would lose a PCI function together with its driver of the host: mediated devices and open DRM nodes.
import { readdirSync } from "node:fs";
import type { AllowedFiles } from "./allowed-files.ts";
import { KERNEL_FORMS } from "./kernel-forms.ts";
import { holdersOf, vfioNodes } from "./holders.ts";
import { hasCode, linkName, orEmpty } from "./kernel-files.ts";
import { FORMS } from "./protocol/forms.ts";
import type { Holder } from "./protocol/messages.ts";

/**
 * Undefined when there is none. Mediated devices are somebody's even when nobody has one open: the driver removes them as it
 * goes. For the DRM nodes the kernel has no test as VFIO has one, so what /proc shows decides; hostd itself opens none.
 */
export function driverUsers(files: AllowedFiles, device: string): readonly Holder[] | undefined {
  const mdevs = mdevsBelow(files, device);
  const nodes = mdevs.flatMap((vgpuId) => mdevNodes(files, device, vgpuId));
  const holders = holdersOf(files, new Set([...nodes, ...drmNodes(files, device)]));
  return mdevs.length > 0 || holders.length > 0 ? holders : undefined;
}

/**
 * In the function's own directory, where sys/class/mdev_bus leads as well: an mdev whose removal waits still stands there, and
 * that link goes before the mdevs do (drivers/vfio/mdev/mdev_core.c, mdev_unregister_parent).
 */
function mdevsBelow(files: AllowedFiles, device: string): readonly string[] {
  return readdirSync(files.at("mdevs", { device })).filter((name) => FORMS.vgpuId.test(name));
}

function mdevNodes(files: AllowedFiles, device: string, vgpuId: string): readonly string[] {
  return vfioNodes(
    linkName(files, "mdevGroup", { device, vgpuId }),
    orEmpty(() => readdirSync(files.at("mdevNodes", { device, vgpuId }))),
  );
}

/** As /proc names them. A function whose driver is not one of DRM has none. */
export function drmNodes(files: AllowedFiles, device: string): readonly string[] {
  try {
    const names = readdirSync(files.at("drmNodes", { device }));
    return names.filter((name) => KERNEL_FORMS.drmNode.test(name)).map((name) => `/dev/dri/${name}`);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}
