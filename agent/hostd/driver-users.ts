// Who would lose a PCI function together with its driver of the host: mediated devices and open DRM nodes.
import { readdirSync } from "node:fs";
import { allowedPath, KERNEL_FORMS } from "./allowlist.ts";
import { holdersOf, vfioNodes } from "./holders.ts";
import { hasCode, linkName, orEmpty } from "./kernel-files.ts";
import { FORMS } from "./protocol/forms.ts";
import type { Holder } from "./protocol/messages.ts";

/**
 * Undefined when there is none. Mediated devices are somebody's even when nobody has one open: the driver removes them as it
 * goes. For the DRM nodes the kernel has no test as VFIO has one, so what /proc shows decides; hostd itself opens none.
 */
export function driverUsers(root: string, device: string): readonly Holder[] | undefined {
  const mdevs = mdevsBelow(root, device);
  const nodes = mdevs.flatMap((vgpuId) => mdevNodes(root, device, vgpuId));
  const holders = holdersOf(root, new Set([...nodes, ...drmNodes(root, device)]));
  return mdevs.length > 0 || holders.length > 0 ? holders : undefined;
}

/**
 * In the function's own directory, where sys/class/mdev_bus leads as well: an mdev whose removal waits still stands there, and
 * that link goes before the mdevs do (drivers/vfio/mdev/mdev_core.c, mdev_unregister_parent).
 */
function mdevsBelow(root: string, device: string): readonly string[] {
  return readdirSync(allowedPath(root, "mdevs", { device })).filter((name) => FORMS.vgpuId.test(name));
}

function mdevNodes(root: string, device: string, vgpuId: string): readonly string[] {
  return vfioNodes(
    linkName(root, "mdevGroup", { device, vgpuId }),
    orEmpty(() => readdirSync(allowedPath(root, "mdevNodes", { device, vgpuId }))),
  );
}

/** As /proc names them. A function whose driver is not one of DRM has none. */
function drmNodes(root: string, device: string): readonly string[] {
  try {
    const names = readdirSync(allowedPath(root, "drmNodes", { device }));
    return names.filter((name) => KERNEL_FORMS.drmNode.test(name)).map((name) => `/dev/dri/${name}`);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}
