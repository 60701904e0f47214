// What the machine as a whole must be: a hypervisor on bare metal, with an IOMMU where devices are given away.
import type { PciGpu } from "../../discovery/pci-gpus.ts";
import { platformOf } from "../../inventory/platforms.ts";
import { fail, hostCheck, notApplicable, pass, unknown } from "../condition.ts";
import type { KernelVersion } from "../kernel-version.ts";
import type { Look } from "../look.ts";
import { sriovProspect } from "../prospects.ts";
import { iommuOfXen } from "./xen.ts";

/** Those of the processor's flags that matter here; undefined when it shows none. @throws UnreadableError */
async function processorFlags(look: Look): Promise<ReadonlySet<string> | undefined> {
  const line = await look.line("proc/cpuinfo", /^flags\s*:/);
  if (line === undefined) return undefined;
  const flags = line.split(/\s+/).filter((flag) => ["vmx", "svm", "hypervisor"].includes(flag));
  look.saw("/proc/cpuinfo", `flags: … ${flags.join(" ")}`);
  return new Set(flags);
}

/** Not known as AMD's is as good as Intel's: it only tells which word helps. */
async function isOfAmd(look: Look): Promise<boolean> {
  const tried = await look.tryText("proc/cpuinfo");
  const vendor = tried.read ? /^vendor_id\s*:.*$/m.exec(tried.text)?.[0] : undefined;
  if (tried.read) look.sawOf("proc/cpuinfo", tried.text, vendor?.replaceAll("\t", " "));
  return vendor?.includes("AuthenticAMD") ?? false;
}

export const noHypervisor = hostCheck({
  code: "NO_HYPERVISOR",
  costs: { "gvt-g": "error", "gvt-d": "error", "gvt-s": "warning", sriov: "error" },
  dependsOn: [],
  how: "/sys/hypervisor/type and /proc/xen/capabilities for Xen, /sys/class/misc/kvm for KVM, the processor's flags vmx or svm",
  check: async (look, { hypervisor }) => {
    const type = await look.text("sys/hypervisor/type");
    if (hypervisor === "xen") return pass("xen", { type: type ?? "xen" });
    if ((await look.names("sys/class/misc/kvm")).length > 0) return pass("kvm");
    const flags = await processorFlags(look);
    if (flags === undefined) return unknown("no-flags");
    if (flags.has("vmx") || flags.has("svm"))
      return fail("not-loaded", { module: flags.has("svm") ? "kvm_amd" : "kvm_intel" });
    return flags.has("hypervisor") ? fail("not-nested") : fail("no-virtualization");
  },
});

export const insideGuest = hostCheck({
  code: "INSIDE_GUEST",
  costs: { "gvt-g": "error", "gvt-d": "warning", "gvt-s": "warning", sriov: "warning" },
  dependsOn: [],
  how: "the processor's flag hypervisor, unless this is Xen's dom0; the system's vendor in /sys/class/dmi/id/sys_vendor",
  check: async (look, { hypervisor }) => {
    if (hypervisor === "xen") return pass("dom0");
    if (hypervisor === "xen-guest") return fail("xen-guest");
    const flags = await processorFlags(look);
    if (flags === undefined) return unknown("no-flags");
    const vendor = await look.text("sys/class/dmi/id/sys_vendor");
    if (!flags.has("hypervisor")) return pass("bare-metal");
    return vendor === undefined || vendor === "" ? fail("nameless-guest") : fail("guest", { vendor });
  },
});

export const iommuOff = hostCheck({
  code: "IOMMU_OFF",
  costs: { "gvt-g": "info", "gvt-d": "error", sriov: "error" },
  dependsOn: [],
  how:
    "the groups in /sys/kernel/iommu_groups and the units in /sys/class/iommu; the kernel's command line; the processor's vendor, " +
    "since AMD's IOMMU needs no word on it. Under Xen, which drives it itself, the names in /sys/firmware/acpi/tables: VT-d's table " +
    "DMAR is RMAD there, or XMAR, once Xen has taken it; a dom0 of type PVH (/sys/hypervisor/guest_type) has one for certain",
  check: async (look, { hypervisor }) => {
    if (hypervisor === "xen") return iommuOfXen(look);
    const groups = await look.names("sys/kernel/iommu_groups");
    if (groups.length > 0) return pass("on", { groups: groups.length });
    const units = await look.names("sys/class/iommu");
    const commandLine = (await look.text("proc/cmdline")) ?? "";
    const told = /\b(?:intel_|amd_)?iommu=off\b/.exec(commandLine)?.[0];
    const amd = await isOfAmd(look);
    if (told !== undefined) return fail("told-off", { told, name: amd ? "AMD-Vi" : "VT-d" });
    return fail(amd ? "off-amd" : "off", { units: units.length });
  },
});

export const lockdown = hostCheck({
  code: "KERNEL_LOCKDOWN",
  costs: { sriov: "warning" },
  dependsOn: [],
  how: "/sys/kernel/security/lockdown, the mode in brackets, where a GPU has SR-IOV by a driver from outside of the kernel only",
  check: async (look, { gpus, kernel }) => {
    if (!gpus.some((gpu) => needsOtherDriver(gpu, kernel))) return notApplicable("not-needed");
    const text = await look.text("sys/kernel/security/lockdown");
    if (text === undefined) return notApplicable("none");
    const mode = /\[(\w+)\]/.exec(text)?.[1] ?? "?";
    return mode === "none" ? pass("off") : fail("on", { mode });
  },
});

function needsOtherDriver({ deviceId }: PciGpu, kernel: KernelVersion | undefined): boolean {
  const platform = platformOf(deviceId);
  const prospect = platform && sriovProspect(platform, kernel);
  return prospect?.possible === true && prospect.by === "i915-dkms";
}

export const msrsNotIgnored = hostCheck({
  code: "MSRS_NOT_IGNORED",
  costs: { "gvt-g": "info" },
  dependsOn: ["NO_HYPERVISOR"],
  how: "/sys/module/kvm/parameters/ignore_msrs",
  check: async (look, { hypervisor }) => {
    if (hypervisor !== "kvm") return notApplicable("not-kvm");
    const value = await look.text("sys/module/kvm/parameters/ignore_msrs");
    if (value === undefined) return unknown("absent");
    if (value === "Y") return pass("ignored");
    return value === "N" ? fail("not-ignored", { value }) : unknown("odd", { value });
  },
});
