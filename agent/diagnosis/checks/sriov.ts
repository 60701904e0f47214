// Whether the GPU can have virtual functions, and whether its driver lets them be made.
import { platformOf } from "../../inventory/platforms.ts";
import { fail, gpuCheck, notApplicable, pass, unknown, type Finding, type GpuSubject } from "../condition.ts";
import type { Uncounted } from "../engine-counting.ts";
import { isAtLeast } from "../kernel-version.ts";
import type { Look } from "../look.ts";
import { otherModes, sriovProspect } from "../prospects.ts";
import { parameter } from "./module-parameters.ts";

const PARANOID = "proc/sys/kernel/perf_event_paranoid";

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
    const modes = otherModes(platform, host);
    const values = { platform: platform.name, kernel: host.kernelRelease, modes };
    if (prospect.possible === undefined) return Promise.resolve(unknown("kernel-unknown", values));
    if (!prospect.possible) return Promise.resolve(fail(prospect.because, values));
    return Promise.resolve(pass(prospect.by, values));
  },
});

export const sriovNotOffered = gpuCheck({
  code: "SRIOV_NOT_OFFERED",
  costs: { sriov: "error" },
  dependsOn: ["SRIOV_UNSUPPORTED_PLATFORM"],
  how: "sriov_totalvfs of the PCI function: firmware may have switched SR-IOV off, and the driver may let none be made",
  check: async (look, { gpu: { address } }) => {
    const total = await look.text(`sys/bus/pci/devices/${address}/sriov_totalvfs`);
    if (total === undefined) return fail("absent");
    if (!/^\d{1,5}$/.test(total)) return unknown("odd", { value: total });
    // A device that has none shows no such file (pci/iov.c, sriov_init): it is the driver that lowered it.
    return Number(total) > 0 ? pass("offered", { total }) : fail("zero");
  },
});

export const sriovDriverUnfit = gpuCheck({
  code: "SRIOV_DRIVER_UNFIT",
  costs: { sriov: "error" },
  dependsOn: ["SRIOV_UNSUPPORTED_PLATFORM", "GPU_WITHOUT_DRIVER"],
  how:
    "the driver; for i915 the folder prelim_iov, or iov of older ports, of its card, or the parameter max_vfs: the kernel's own " +
    "i915 has no SR-IOV; for xe the platforms with has_sriov in xe_pci.c, and whether sriov_totalvfs is above 0",
  check: async (look, subject) => {
    const without = platformWithout(subject);
    if (without !== undefined) return notApplicable("platform", { platform: without });
    const { address } = subject.gpu;
    const driver = await look.link(`sys/bus/pci/devices/${address}/driver`);
    if (driver === "xe") return xeFor(look, subject);
    if (driver !== "i915") return fail("other", { driver: driver ?? "none" });
    const folder = await folderOf(look, subject);
    if (folder !== undefined) return pass("i915", { folder });
    // The folder is that of a physical function (i915_sriov_sysfs.c); a port that was told max_vfs=0 has none.
    const isPort = (await look.names("sys/module/i915/parameters")).includes("max_vfs");
    return isPort ? pass("i915-port") : fail("mainline-i915");
  },
});

export const sriovLimitZero = gpuCheck({
  code: "SRIOV_LIMIT_ZERO",
  costs: { sriov: "error" },
  dependsOn: ["SRIOV_UNSUPPORTED_PLATFORM", "SRIOV_DRIVER_UNFIT"],
  how:
    "the driver's parameter max_vfs, read as enable_gvt is; for xe first /sys/kernel/config/xe/ADDRESS/sriov/max_vfs. Not set: " +
    "i915 none, xe none in 6.12 and any number in 7.1",
  check: async (look, subject) => {
    const without = platformWithout(subject);
    if (without !== undefined) return notApplicable("platform", { platform: without });
    const { address } = subject.gpu;
    const { kernel } = subject.host;
    const driver = await look.link(`sys/bus/pci/devices/${address}/driver`);
    if (driver !== "i915" && driver !== "xe") return notApplicable("no-driver");
    const path = `sys/kernel/config/xe/${address}/sriov/max_vfs`;
    const configured = driver === "xe" ? await look.tryText(path) : undefined;
    const { value } = configured?.read
      ? { value: configured.text }
      : await parameter(look, { module: driver, name: "max_vfs" });
    if (value !== undefined && !/^(0x[\da-f]{1,8}|\d{1,10}|unlimited)$/i.test(value))
      return unknown("odd", { driver, value });
    if (value !== undefined && Number(value) !== 0) return pass("set", { driver, value });
    if (value !== undefined)
      return configured?.read ? fail("zero-in-configfs", { path: `/${path}` }) : fail("zero", { driver });
    // Ports of 2022 and 2023 took enable_guc=7 for it; their folder is there for a physical function only.
    if (driver === "i915" && (await folderOf(look, subject)) !== undefined) return pass("evident");
    if (driver === "i915" || (kernel && !isAtLeast(kernel, 6, 13))) return fail("default", { driver });
    return kernel && isAtLeast(kernel, 7, 1) ? pass("unlimited") : unknown("default-unknown");
  },
});

export const sriovAutoprobe = gpuCheck({
  code: "SRIOV_AUTOPROBE",
  costs: { sriov: "warning" },
  dependsOn: ["SRIOV_UNSUPPORTED_PLATFORM", "SRIOV_NOT_OFFERED"],
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
  dependsOn: ["SRIOV_UNSUPPORTED_PLATFORM", "SRIOV_DRIVER_UNFIT"],
  how: "the folder sriov_admin of the PCI function, by which xe takes the settings of virtual functions (since 6.19)",
  check: async (look, { gpu: { address } }) => {
    const driver = await look.link(`sys/bus/pci/devices/${address}/driver`);
    if (driver !== "xe") return notApplicable("not-xe");
    return (await look.has(`sys/bus/pci/devices/${address}/sriov_admin`)) ? pass("there") : fail("missing");
  },
});

export const sriovUseUncounted = gpuCheck({
  code: "SRIOV_USE_UNCOUNTED",
  costs: { sriov: "info" },
  dependsOn: ["SRIOV_UNSUPPORTED_PLATFORM", "SRIOV_DRIVER_UNFIT"],
  how:
    "the driver: xe alone counts what virtual functions use; the folders events and format of its PMU; what perf said to vgpud-hostd " +
    "for the latest scrape, when that is no more than five minutes old; otherwise /usr/bin/perf and kernel.perf_event_paranoid, above 2 " +
    "of which kernels of Debian and Ubuntu ask for CAP_SYS_ADMIN, others do not",
  check: async (look, { host, gpu: { address } }) => {
    const driver = await look.link(`sys/bus/pci/devices/${address}/driver`);
    if (driver !== "xe") return notApplicable("not-xe");
    const pmu = `sys/bus/event_source/devices/xe_${address.replaceAll(":", "_")}`;
    const [events, format] = [await look.names(`${pmu}/events`), await look.names(`${pmu}/format`)];
    if (!events.includes("engine-active-ticks") || !format.includes("function")) return fail("no-pmu");
    const told = host.engineCounting?.get(address);
    if (told === "counted") return pass("counted");
    return told === undefined ? uncountedByFiles(look) : uncountedByHostd(look, told);
  },
});

/** hostd has tried: files tell no more than what may be done. */
async function uncountedByHostd(
  look: Look,
  { because, said }: Uncounted,
): Promise<Finding<"failed" | "no-perf" | "no-permission" | "paranoid">> {
  look.saw("perf, asked by vgpud-hostd", said);
  if (because !== "no-permission") return fail(because);
  const tried = await look.tryText(PARANOID);
  return tried.read && Number(tried.text) > 2 ? fail("paranoid", { value: tried.text }) : fail(because);
}

/** Whether a kernel refuses above 2 is not told by any file. */
async function uncountedByFiles(look: Look): Promise<Finding<"no-perf" | "paranoid-untried" | "untried">> {
  if (!(await look.has("usr/bin/perf"))) return fail("no-perf");
  const value = await look.text(PARANOID);
  return value !== undefined && Number(value) > 2 ? unknown("paranoid-untried", { value }) : pass("untried");
}

/** The platform's name where it has no SR-IOV whatever drives it. */
function platformWithout({ gpu: { deviceId } }: GpuSubject): string | undefined {
  const platform = platformOf(deviceId);
  const prospect = platform && sriovProspect(platform);
  return prospect?.possible === false && prospect.because === "platform" ? platform?.name : undefined;
}

/** Where i915's port for SR-IOV keeps what it lets be set: the newer name first. */
async function folderOf(look: Look, { gpu: { address, drmCard } }: GpuSubject): Promise<string | undefined> {
  const card = `sys/bus/pci/devices/${address}/drm/${drmCard ?? "card0"}`;
  for (const name of ["prelim_iov", "iov"]) if (await look.has(`${card}/${name}`)) return name;
  return undefined;
}

/** Where xe has no SR-IOV for a platform it takes the device's away (xe_sriov.c, xe_sriov_probe_early). */
async function xeFor(
  look: Look,
  { host, gpu: { address, deviceId } }: GpuSubject,
): Promise<Finding<"xe" | "xe-without">> {
  const platform = platformOf(deviceId);
  const prospect = platform && sriovProspect(platform, host.kernel);
  if (prospect === undefined || (prospect.possible !== false && prospect.by !== "i915-dkms"))
    return pass("xe");
  const total = await look.text(`sys/bus/pci/devices/${address}/sriov_totalvfs`);
  return total === "0" ? fail("xe-without", { platform: platform?.name ?? deviceId }) : pass("xe");
}
