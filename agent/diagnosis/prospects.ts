// What a platform's graphics can ever be used for, before any host is looked at. Pure.
// What GVT-g drives stands in inventory/gvt-g.ts. SR-IOV: has_sriov in
// xe/xe_pci.c of 7.1 (no platform has it in 6.12), and in the i915 that is built outside of the kernel (i915-sriov-dkms).
import type { PciGpu } from "../discovery/pci-gpus.ts";
import { typesVersionOf, type TypesVersion } from "../inventory/gvt-g.ts";
import { platformOf, type Platform } from "../inventory/platforms.ts";
import type { HostSubject } from "./condition.ts";
import { isAtLeast, type KernelVersion } from "./kernel-version.ts";

/** Linux 4.10 has kvmgt and the mediated devices that it makes, and had none before. */
const GVT_SINCE = [4, 10] as const;
/**
 * Platforms that GVT-g came to drive later; 4.19 and 5.0 refuse them (https://github.com/intel/gvt-linux/issues/177 and 53).
 */
const COFFEE_LAKE_SINCE = [5, 1] as const;
const LIKE_COFFEE_LAKE: ReadonlySet<string> = new Set(["Coffee Lake", "Whiskey Lake", "Comet Lake"]);

/** Had XenGT of 2015 and 2016 only. */
const LEGACY_XENGT = "Haswell";

/** All that XenGT ever drove: the releases of 2015 to 2017 under Xen, the last of which came to Kaby Lake. */
const XENGT: ReadonlySet<string> = new Set([LEGACY_XENGT, "Broadwell", "Skylake", "Kaby Lake"]);

const I915_SRIOV: ReadonlySet<string> = new Set([
  ...["Tiger Lake", "Alder Lake-S", "Alder Lake-P", "Alder Lake-N"],
  ...["Raptor Lake-S", "Raptor Lake-P", "Meteor Lake", "Arrow Lake"],
]);

/** xe drives these by itself. */
const XE_SRIOV: ReadonlySet<string> = new Set(["ATS-M", "Battlemage", "Panther Lake"]);
/** xe drives these when it is told to (`xe.force_probe`), since i915 has them otherwise. */
const XE_SRIOV_FORCED: ReadonlySet<string> = new Set([
  ...["Tiger Lake", "Alder Lake-S", "Alder Lake-P", "Alder Lake-N", "Raptor Lake-S", "Raptor Lake-P"],
]);

export type GvtProspect =
  | { readonly possible: true; readonly types: TypesVersion }
  /** `never`: neither this nor SR-IOV. */
  | { readonly possible: false; readonly instead: "later-kernel" | "sriov" | "xengt-2016" | "never" };

export type SriovProspect =
  /** The kernel's own xe. */
  | { readonly possible: true; readonly by: "xe" | "xe-forced" }
  /** A driver from outside of the kernel. */
  | { readonly possible: true; readonly by: "i915-dkms" }
  /** Not known for kernels between those whose sources were read. */
  | { readonly possible: undefined; readonly by: "xe" }
  | { readonly possible: false; readonly because: "platform" | "kernel" };

/** For the latest kernel that is known here when none is given. */
export function gvtProspect(platform: Platform, kernel?: KernelVersion): GvtProspect {
  const types = typesVersionOf(platform.name);
  const tooOld = kernel !== undefined && !isAtLeast(kernel, ...gvtSince(platform));
  if (types) return tooOld ? { possible: false, instead: "later-kernel" } : { possible: true, types };
  if (platform.name === LEGACY_XENGT) return { possible: false, instead: "xengt-2016" };
  return { possible: false, instead: hasSriov(platform) ? "sriov" : "never" };
}

/** The first kernel in which GVT-g drives a platform that it drives at all. */
export function gvtSince({ name }: Platform): readonly [major: number, minor: number] {
  return LIKE_COFFEE_LAKE.has(name) ? COFFEE_LAKE_SINCE : GVT_SINCE;
}

/** Whether XenGT of some year drove it. */
export function hasXengt({ name }: Platform): boolean {
  return XENGT.has(name);
}

/** A device that is not known here may have it. */
export function mayHaveXengt(gpus: readonly PciGpu[]): boolean {
  return gpus.some(({ deviceId }) => {
    const platform = platformOf(deviceId);
    return platform === undefined || hasXengt(platform);
  });
}

/**
 * The modes beside sriov that are worth a try on such a host, as `gvt-d, gvt-s`: under Xen nothing is shared by rendering, and
 * slices are XenGT's.
 */
export function otherModes(platform: Platform, { hypervisor, kernel }: HostSubject): string {
  if (hypervisor === "xen")
    return platform.name !== LEGACY_XENGT && hasXengt(platform) ? "gvt-g, gvt-d" : "gvt-d";
  return gvtProspect(platform, kernel).possible ? "gvt-g, gvt-d, gvt-s" : "gvt-d, gvt-s";
}

/** Whether what concerns GVT-g concerns this host at all; a device that is not known here may have it. */
export function mayHaveGvt(gpus: readonly PciGpu[]): boolean {
  return gpus.some(({ deviceId }) => {
    const platform = platformOf(deviceId);
    return platform === undefined || gvtProspect(platform).possible;
  });
}

/** For the latest kernel that is known here when none is given. */
export function sriovProspect(platform: Platform, kernel?: KernelVersion): SriovProspect {
  if (!hasSriov(platform)) return { possible: false, because: "platform" };
  const byXe = XE_SRIOV.has(platform.name) || XE_SRIOV_FORCED.has(platform.name);
  const recent = kernel === undefined || isAtLeast(kernel, 7, 1);
  if (byXe && recent) return { possible: true, by: XE_SRIOV.has(platform.name) ? "xe" : "xe-forced" };
  if (I915_SRIOV.has(platform.name)) return { possible: true, by: "i915-dkms" };
  if (kernel !== undefined && isAtLeast(kernel, 6, 13)) return { possible: undefined, by: "xe" };
  return { possible: false, because: "kernel" };
}

function hasSriov({ name }: Platform): boolean {
  return I915_SRIOV.has(name) || XE_SRIOV.has(name) || XE_SRIOV_FORCED.has(name);
}
