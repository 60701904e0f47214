// Whether this GPU can be cut into GVT-g slices: its generation, its driver, its aperture, what the kernel offers.
import { unsignedInt } from "../../discovery/host-files.ts";
import type { PciAddress } from "../../core/ids.ts";
import { platformOf } from "../../inventory/platforms.ts";
import {
  fail,
  gpuCheck,
  notApplicable,
  pass,
  unknown,
  type Finding,
  type HostSubject,
  type Says,
} from "../condition.ts";
import { VGT_RESOURCES } from "../../inventory/xengt.ts";
import type { Look } from "../look.ts";
import { gvtProspect, gvtSince, hasXengt, otherModes, sriovProspect } from "../prospects.ts";
import { BEST_APERTURE_MIB, roomWith } from "./aperture-room.ts";

export const gvtUnsupportedPlatform = gpuCheck({
  code: "GVT_UNSUPPORTED_PLATFORM",
  costs: { "gvt-g": "error" },
  dependsOn: [],
  how:
    "the platform of the device id; those that GVT-g drives are in i915's intel_gvt.c, the same from 5.10 to 7.1; under Xen those " +
    "that XenGT drove, Haswell to Kaby Lake, the first by kernels of 2015 and 2016 only, which show available_resource in " +
    "/sys/kernel/vgt/control, files that KVMGT of those years has on hosts of KVM",
  check: async (look, { host, gpu: { deviceId, address } }) => {
    look.saw(`/sys/bus/pci/devices/${address}/device`, `0x${deviceId}`);
    const platform = platformOf(deviceId);
    if (!platform) return unknown("model", { id: deviceId });
    const xen = host.hypervisor === "xen";
    const prospect = gvtProspect(platform, xen ? undefined : host.kernel);
    const modes = otherModes(platform, host);
    const since = gvtSince(platform).join(".");
    const values = { platform: platform.name, kernel: host.kernelRelease, modes, since };
    const instead = prospect.possible ? undefined : prospect.instead;
    const files = hasXengt(platform) ? await look.names("sys/kernel/vgt/control") : [];
    if (!xen && instead === "later-kernel" && files.length > 0) return fail("kvmgt-2016", values);
    if (instead === "sriov" && sriovProspect(platform, host.kernel).possible === false)
      return fail("sriov-later", values);
    if (instead !== undefined && instead !== "xengt-2016") return fail(instead, values);
    if (!xen)
      return prospect.possible
        ? pass("supported", { ...values, types: prospect.types })
        : fail("xengt-2016", values);
    if (!hasXengt(platform)) return fail("kvm-only", values);
    if (prospect.possible) return pass("by-xengt", values);
    // Without any file there is no XenGT at all, which its own condition says.
    return files.length === 0 || files.includes("available_resource")
      ? pass("by-xengt", values)
      : fail("xengt-2016", values);
  },
});

export const gvtDriverUnfit = gpuCheck({
  code: "GVT_DRIVER_UNFIT",
  costs: { "gvt-g": "error" },
  dependsOn: ["GVT_UNSUPPORTED_PLATFORM", "GPU_WITHOUT_DRIVER"],
  how: "the link driver of the PCI function: only i915 has GVT-g",
  check: async (look, { gpu: { address } }) => {
    const driver = (await look.link(`sys/bus/pci/devices/${address}/driver`)) ?? "none";
    return driver === "i915" ? pass("i915") : fail("other", { driver });
  },
});

export const apertureTooSmall = gpuCheck({
  code: "APERTURE_TOO_SMALL",
  costs: { "gvt-g": "error" },
  dependsOn: ["GVT_UNSUPPORTED_PLATFORM"],
  how:
    "the size of BAR 2, the third line of the PCI function's file resource: GVT-g keeps 128 MiB for the host and lists no type " +
    "that does not fit in the rest",
  check: async (look, { gpu: { address, apertureMib } }) => {
    await seeBar2(look, address);
    if (apertureMib === undefined) return unknown("not-assigned");
    const values = { mib: apertureMib, best: BEST_APERTURE_MIB, room: roomWith(BEST_APERTURE_MIB) };
    return roomWith(apertureMib) === "" && apertureMib < BEST_APERTURE_MIB
      ? fail("small", values)
      : pass("fits", values);
  },
});

export const apertureTooLarge = gpuCheck({
  code: "APERTURE_TOO_LARGE",
  costs: { "gvt-g": "error" },
  dependsOn: ["GVT_UNSUPPORTED_PLATFORM"],
  how: "the size of BAR 2: at 4 GiB nothing is left of the graphics address space, and the kernel's sum wraps around",
  check: async (look, { gpu: { address, apertureMib } }) => {
    await seeBar2(look, address);
    if (apertureMib === undefined) return unknown("not-assigned");
    const values = { mib: apertureMib, best: BEST_APERTURE_MIB, room: roomWith(BEST_APERTURE_MIB) };
    return roomWith(apertureMib) === "" && apertureMib > BEST_APERTURE_MIB
      ? fail("large", values)
      : pass("fits", values);
  },
});

export const apertureNotBest = gpuCheck({
  code: "APERTURE_NOT_BEST",
  costs: { "gvt-g": "info" },
  dependsOn: ["GVT_UNSUPPORTED_PLATFORM", "APERTURE_TOO_SMALL", "APERTURE_TOO_LARGE"],
  how: "the size of BAR 2, beside what every size that firmware offers would give",
  check: (look, { gpu: { address, apertureMib } }) => {
    if (apertureMib === undefined) return Promise.resolve(unknown("not-assigned"));
    look.saw(`/sys/bus/pci/devices/${address}/resource`, `BAR 2: ${apertureMib} MiB`);
    const values = {
      mib: apertureMib,
      room: roomWith(apertureMib),
      best: BEST_APERTURE_MIB,
      best_room: roomWith(BEST_APERTURE_MIB),
    };
    return Promise.resolve(apertureMib === BEST_APERTURE_MIB ? pass("best", values) : fail("other", values));
  },
});

export const vgpuTypesMissing = gpuCheck({
  code: "VGPU_TYPES_MISSING",
  costs: { "gvt-g": "error" },
  dependsOn: [
    ...(["INSIDE_GUEST", "GVT_NOT_BUILT", "GVT_DISABLED", "GVT_GUC_CONFLICT", "KVMGT_NOT_LOADED"] as const),
    ...(["GVT_UNSUPPORTED_PLATFORM", "GVT_DRIVER_UNFIT", "APERTURE_TOO_SMALL"] as const),
  ],
  how: "the folder mdev_supported_types of the GPU in /sys/class/mdev_bus, and what is in it",
  check: async (look, { host, gpu: { address } }) => {
    if (host.hypervisor === "xen") return notApplicable("xen");
    const names = await look.names(`sys/class/mdev_bus/${address}/mdev_supported_types`);
    if (names.length > 0) return pass("offered", { types: names.join(", ") });
    return (await look.has(`sys/class/mdev_bus/${address}`)) ? fail("empty") : fail("absent");
  },
});

export const vgpuCountUnreadable = gpuCheck({
  code: "VGPU_COUNT_UNREADABLE",
  costs: { "gvt-g": "error" },
  dependsOn: ["VGPU_TYPES_MISSING"],
  how:
    "available_instances of each type of the GPU, or what XenGT's available_resource of 2015 and 2016 has left, which a running agent " +
    "has vgpud-hostd read: how many the kernel would make. Where it cannot be read, as of a driver that does not answer, nothing is made",
  check: async (look, { host, gpu: { address } }) => {
    if (host.hypervisor === "xen") return xengtCount(look, host, address);
    const folder = `sys/class/mdev_bus/${address}/mdev_supported_types`;
    const types = await look.names(folder);
    const uncounted: { readonly type: string; readonly why: string }[] = [];
    for (const type of types) {
      const tried = await look.tryText(`${folder}/${type}/available_instances`);
      if (tried.read && unsignedInt(tried.text) !== undefined) continue;
      uncounted.push({ type, why: tried.read ? `"${tried.text}"` : tried.absent ? "ENOENT" : tried.why });
    }
    const [first] = uncounted;
    if (!first) return pass("counted");
    const values = { types: uncounted.map(({ type }) => type).join(", "), why: first.why };
    return uncounted.length < types.length ? unknown("some", values) : fail("none", values);
  },
});

/** By what an agent knows of it; without one nothing is said. */
function xengtCount(
  look: Look,
  { vgtCounts }: HostSubject,
  address: PciAddress,
): Finding<Says<"VGPU_COUNT_UNREADABLE">> {
  const count = vgtCounts?.get(address);
  if (count === undefined) return notApplicable("xen");
  const { isKnown, why } = count;
  if (why === undefined) return pass("counted");
  look.saw(`/${VGT_RESOURCES}`, `(${why})`);
  return isKnown ? pass("before", { why }) : fail("xengt", { why });
}

/** Of the file's thirteen lines the third is BAR 2 (Documentation/PCI/sysfs-pci.rst). @throws UnreadableError */
async function seeBar2(look: Look, address: string): Promise<void> {
  const path = `sys/bus/pci/devices/${address}/resource`;
  const text = await look.text(path);
  look.sawOf(path, text, text?.split("\n")[2]);
}
