// Whether the running kernel can make GVT-g slices at all: built, switched on, not in conflict, loaded. Of KVM hosts; that of
// Xen's dom0 is another kernel (xen.ts).
import { fail, hostCheck, notApplicable, pass, unknown } from "../condition.ts";
import { isAtLeast } from "../kernel-version.ts";
import { mayHaveGvt } from "../prospects.ts";
import { inModprobe, isOn, onCommandLine, parameter } from "./module-parameters.ts";

/** The driver, and what of it makes slices. */
const CONFIGURED = /CONFIG_DRM_I915(_GVT_KVMGT)?[= ]/;

export const gvtNotBuilt = hostCheck({
  code: "GVT_NOT_BUILT",
  costs: { "gvt-g": "error" },
  dependsOn: [],
  how:
    "the module kvmgt, the kernel's own configuration /boot/config-RELEASE, and, since 6.1, whether i915 has the parameter " +
    "enable_gvt (i915_params.h)",
  check: async (look, { hypervisor, kernel, kernelRelease, gpus }) => {
    if (hypervisor === "xen") return notApplicable("xen");
    if (!mayHaveGvt(gpus)) return notApplicable("no-such-gpu");
    if (await look.has("sys/module/kvmgt")) return pass("loaded");
    const lines = await look.lines(`boot/config-${kernelRelease}`, CONFIGURED);
    const line = lines?.find((each) => each.includes("KVMGT"));
    if (line !== undefined)
      return /=[ym]$/.test(line) ? pass("configured", { line }) : fail("not-configured", { line });
    // A kernel without mediated devices is not even asked for it.
    if (lines !== undefined && lines.length > 0) return fail("not-asked");
    const parameters = await look.names("sys/module/i915/parameters");
    // Before 6.1 the parameter is there whether or not GVT-g was built.
    if (parameters.length === 0 || kernel === undefined || !isAtLeast(kernel, 6, 1))
      return unknown("no-trace");
    return parameters.includes("enable_gvt") ? pass("parameter") : fail("no-parameter");
  },
});

/** A bool, which needs no value. */
const ENABLE_GVT = { module: "i915", name: "enable_gvt", bare: "1" } as const;

export const gvtDisabled = hostCheck({
  code: "GVT_DISABLED",
  costs: { "gvt-g": "error" },
  dependsOn: ["GVT_NOT_BUILT"],
  how:
    "/sys/module/i915/parameters/enable_gvt, which only root may read; otherwise i915.enable_gvt on the kernel's command line " +
    "or in modprobe.d (/etc, /run, /usr/lib, /lib)",
  check: async (look, { hypervisor, kernel, gpus }) => {
    if (hypervisor === "xen") return notApplicable("xen");
    if (!mayHaveGvt(gpus)) return notApplicable("no-such-gpu");
    const { value, certain } = await parameter(look, ENABLE_GVT);
    if (certain && isOn(value)) return pass("on", { value: value ?? "" });
    if (certain) {
      const old = kernel !== undefined && !isAtLeast(kernel, 5, 10);
      const booted = old ? await onCommandLine(look, ENABLE_GVT) : undefined;
      // Old kernels write back what they made of it on a GPU that they do not support: its own conditions say so.
      if (isOn(booted)) return notApplicable("taken-back", { value: booted ?? "" });
      const said = await inModprobe(look, ENABLE_GVT);
      if (isOn(said)) return fail("not-yet", { value: value ?? "", said: said ?? "" });
      return fail("off", { value: value ?? "" });
    }
    if (isOn(value)) return pass("told", { value: value ?? "" });
    // It may have been told where nobody looks, as in an initramfs.
    const parents = await look.names("sys/class/mdev_bus");
    if (gpus.some(({ address }) => parents.includes(address))) return pass("evident");
    return value === undefined ? fail("not-set") : fail("off", { value });
  },
});

export const gvtGucConflict = hostCheck({
  code: "GVT_GUC_CONFLICT",
  costs: { "gvt-g": "error" },
  dependsOn: ["GVT_NOT_BUILT"],
  how:
    "i915.enable_guc, read as enable_gvt is: bit 0 asks for submission by GuC, which GVT-g refuses (i915 intel_gvt.c) and which " +
    "kernels since 5.10 have for no GPU that GVT-g drives (intel_guc_submission.h and .c); not known for 5.0 to 5.9",
  check: async (look, { hypervisor, kernel, gpus }) => {
    if (hypervisor === "xen") return notApplicable("xen");
    if (!mayHaveGvt(gpus)) return notApplicable("no-such-gpu");
    const { value } = await parameter(look, { module: "i915", name: "enable_guc" });
    if (value === undefined) return pass("not-set");
    const mask = Number(value);
    if (!Number.isInteger(mask)) return unknown("odd", { value });
    if (mask < 0 || (mask & 1) === 0) return pass("no-submission", { value });
    // What refuses GVT-g is intel_uc_wants_guc_submission, true only where intel_guc_submission_is_supported is: up to 5.14 that
    // is false (intel_guc_submission.h), from 5.15 on it takes graphics version 11 (intel_guc_submission.c,
    // __guc_submission_supported), and what GVT-g drives has 8 or 9. A log of 6.8 says the same of a Kaby Lake:
    // https://github.com/strongtz/i915-sriov-dkms/issues/218
    if (kernel === undefined || isAtLeast(kernel, 5, 10)) return pass("ignored", { value });
    return isAtLeast(kernel, 5, 0) ? unknown("not-read", { value }) : fail("no-graphics", { value });
  },
});

export const kvmgtNotLoaded = hostCheck({
  code: "KVMGT_NOT_LOADED",
  costs: { "gvt-g": "error" },
  dependsOn: ["GVT_NOT_BUILT"],
  how: "/sys/module/kvmgt, or that the kernel's configuration has it built in",
  check: async (look, { hypervisor, kernelRelease, gpus }) => {
    if (hypervisor === "xen") return notApplicable("xen");
    if (!mayHaveGvt(gpus)) return notApplicable("no-such-gpu");
    if (await look.has("sys/module/kvmgt")) return pass("loaded");
    // It has neither version nor parameters, so that /sys/module does not show it when it is built in.
    const builtIn = await look.line(`boot/config-${kernelRelease}`, /^CONFIG_DRM_I915_GVT_KVMGT=y$/);
    return builtIn === undefined ? fail("not-loaded") : pass("built-in");
  },
});

export const mdevNotLoaded = hostCheck({
  code: "MDEV_NOT_LOADED",
  costs: { "gvt-g": "error" },
  dependsOn: ["KVMGT_NOT_LOADED"],
  how:
    "/sys/module/mdev, or /sys/class/mdev_bus, which is there since the first parent registered (mdev_core.c); before 6.1 also " +
    "/sys/module/vfio_mdev, without which a slice has no IOMMU group",
  check: async (look, { hypervisor, kernel, gpus }) => {
    if (hypervisor === "xen") return notApplicable("xen");
    if (!mayHaveGvt(gpus)) return notApplicable("no-such-gpu");
    const missing: string[] = [];
    if (!(await look.has("sys/module/mdev")) && !(await look.has("sys/class/mdev_bus"))) missing.push("mdev");
    const old = kernel !== undefined && !isAtLeast(kernel, 6, 1);
    if (old && !(await look.has("sys/module/vfio_mdev"))) missing.push("vfio_mdev");
    return missing.length === 0 ? pass("loaded") : fail("not-loaded", { missing: missing.join(" ") });
  },
});

export const vfioNotLoaded = hostCheck({
  code: "VFIO_NOT_LOADED",
  costs: { "gvt-g": "error", "gvt-d": "warning", sriov: "warning" },
  dependsOn: [],
  how: "/sys/module/vfio and vfio_iommu_type1",
  check: async (look, { hypervisor }) => {
    if (hypervisor === "xen") return notApplicable("xen");
    const missing: string[] = [];
    for (const module of ["vfio", "vfio_iommu_type1"])
      if (!(await look.has(`sys/module/${module}`))) missing.push(module);
    return missing.length === 0 ? pass("loaded") : fail("missing", { missing: missing.join(" ") });
  },
});

/** In the order of how much they explain. Texts: i915 intel_gvt.c, gvt/handlers.c, gvt/aperture_gm.c. */
const logged = [
  ["unsupported", /Unsupported device\. GVT-g is disabled/],
  ["guest", /GVT-g is disabled for guest/],
  ["guc", /not yet supported with GuC submission/],
  ["failsafe", /enter failsafe mode/],
  ["no-space", /fail to alloc (low|high) gm space from host/],
] as const;

/** The lines of the kernel's log that tell of trouble. */
export const troubleForms: readonly RegExp[] = logged.map(([, form]) => form);

export const gvtTroubleInLog = hostCheck({
  code: "GVT_TROUBLE_IN_LOG",
  costs: { "gvt-g": "warning" },
  dependsOn: [],
  how: "what i915 and GVT-g wrote to the kernel's log since boot, where it may be read",
  check: (look, { kernelLog }) => {
    if (typeof kernelLog === "string") return Promise.resolve(unknown(kernelLog));
    for (const [says, form] of logged) {
      const lines = kernelLog.filter((line) => form.test(line));
      if (lines.length === 0) continue;
      look.saw("kernel log", lines.slice(-3).join("\n"));
      return Promise.resolve(fail(says, { lines: lines.length, line: lines.at(-1) ?? "" }));
    }
    return Promise.resolve(pass("quiet"));
  },
});
