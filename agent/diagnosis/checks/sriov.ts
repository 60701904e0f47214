// Whether the GPU can have virtual functions, and whether its driver lets them be made.
import { platformOf } from "../../inventory/platforms.ts";
import { fail, gpuCheck, notApplicable, pass, unknown, type GpuSubject } from "../condition.ts";
import { isAtLeast } from "../kernel-version.ts";
import type { Look } from "../look.ts";
import { sriovProspect } from "../prospects.ts";
import { parameter } from "./module-parameters.ts";

export const sriovUnsupportedPlatform = gpuCheck({
  code: "SRIOV_UNSUPPORTED_PLATFORM",
  costs: { sriov: "error" },
  dependsOn: [],
  how: "the platform of the device id, and the kernel: has_sriov in xe_pci.c of 7.1, and the i915 built outside of the kernel",
  check: (look, { host, gpu: { deviceId, address } }) => {
    look.saw(`/sys/bus/pci/devices/${address}/device`, `0x${deviceId}`);
    const platform = platformOf(deviceId);
    if (!platform) return Promise.resolve(unknown("model", { id: deviceId }));
    const prospect = sriovProspect(platform, host.kernel);
    const values = { platform: platform.name, kernel: host.kernelRelease };
    if (prospect.possible === undefined) return Promise.resolve(unknown("kernel", values));
    if (!prospect.possible) return Promise.resolve(fail(prospect.because, values));
    return Promise.resolve(pass(prospect.by, values));
  },
});

export const sriovNotOffered = gpuCheck({
  code: "SRIOV_NOT_OFFERED",
  costs: { sriov: "error" },
  dependsOn: ["SRIOV_UNSUPPORTED_PLATFORM"],
  how: "sriov_totalvfs of the PCI function: firmware may have switched SR-IOV off",
  check: async (look, { gpu: { address } }) => {
    const total = await look.text(`sys/bus/pci/devices/${address}/sriov_totalvfs`);
    if (total === undefined) return fail("absent");
    return Number(total) > 0 ? pass("offered", { total }) : fail("zero");
  },
});

export const sriovDriverUnfit = gpuCheck({
  code: "SRIOV_DRIVER_UNFIT",
  costs: { sriov: "error" },
  dependsOn: ["SRIOV_UNSUPPORTED_PLATFORM", "GPU_WITHOUT_DRIVER"],
  how: "the driver, and for i915 the folder prelim_iov, or iov of older ports, of its card: the kernel's own i915 has no SR-IOV",
  check: async (look, subject) => {
    const { driver, folder } = await sriovDriver(look, subject);
    if (driver === "xe") return pass("xe");
    if (driver !== "i915") return fail("other", { driver: driver ?? "none" });
    return folder === undefined ? fail("mainline-i915") : pass("i915", { folder });
  },
});

export const sriovLimitZero = gpuCheck({
  code: "SRIOV_LIMIT_ZERO",
  costs: { sriov: "error" },
  dependsOn: ["SRIOV_DRIVER_UNFIT"],
  how:
    "the driver's parameter max_vfs, read as enable_gvt is; for xe first /sys/kernel/config/xe/ADDRESS/sriov/max_vfs. Not set: " +
    "i915 none, xe none in 6.12 and any number in 7.1",
  check: async (look, { host, gpu: { address } }) => {
    const driver = await look.link(`sys/bus/pci/devices/${address}/driver`);
    if (driver !== "i915" && driver !== "xe") return notApplicable("no-driver");
    const configured = await look.tryText(`sys/kernel/config/xe/${address}/sriov/max_vfs`);
    const { value } = configured.read
      ? { value: configured.text }
      : await parameter(look, { module: driver, name: "max_vfs" });
    if (value !== undefined) return value === "0" ? fail("zero", { driver }) : pass("set", { driver, value });
    if (driver === "i915" || (host.kernel && !isAtLeast(host.kernel, 6, 13)))
      return fail("default", { driver });
    return host.kernel && isAtLeast(host.kernel, 7, 1) ? pass("unlimited") : unknown("default-unknown");
  },
});

export const sriovAutoprobe = gpuCheck({
  code: "SRIOV_AUTOPROBE",
  costs: { sriov: "warning" },
  dependsOn: ["SRIOV_NOT_OFFERED"],
  how: "sriov_drivers_autoprobe of the PCI function",
  check: async (look, { gpu: { address } }) => {
    const value = await look.text(`sys/bus/pci/devices/${address}/sriov_drivers_autoprobe`);
    if (value === undefined) return notApplicable("absent");
    return value === "0" ? pass("off") : fail("on");
  },
});

export const sriovAdminMissing = gpuCheck({
  code: "SRIOV_ADMIN_MISSING",
  costs: { sriov: "info" },
  dependsOn: ["SRIOV_DRIVER_UNFIT"],
  how: "the folder sriov_admin of the PCI function, by which xe takes the settings of virtual functions (since 6.19)",
  check: async (look, { gpu: { address } }) => {
    const driver = await look.link(`sys/bus/pci/devices/${address}/driver`);
    if (driver !== "xe") return notApplicable("not-xe");
    return (await look.has(`sys/bus/pci/devices/${address}/sriov_admin`)) ? pass("there") : fail("missing");
  },
});

/** Where i915's port for SR-IOV keeps what it lets be set: the newer name first. */
async function sriovDriver(
  look: Look,
  { gpu: { address, drmCard } }: GpuSubject,
): Promise<{ readonly driver: string | undefined; readonly folder: string | undefined }> {
  const driver = await look.link(`sys/bus/pci/devices/${address}/driver`);
  const card = `sys/bus/pci/devices/${address}/drm/${drmCard ?? "card0"}`;
  for (const name of ["prelim_iov", "iov"])
    if (driver === "i915" && (await look.has(`${card}/${name}`))) return { driver, folder: name };
  return { driver, folder: undefined };
}
