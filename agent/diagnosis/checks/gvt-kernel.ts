// Whether the running kernel can make GVT-g slices at all: built, switched on, not in conflict, loaded. Of KVM hosts; that of
// Xen's dom0 is another kernel (xen.ts).
import { fail, hostCheck, notApplicable, pass, unknown } from "../condition.ts";
import { isAtLeast } from "../kernel-version.ts";
import { mayHaveGvt } from "../prospects.ts";
import { isOn, parameter } from "./module-parameters.ts";

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
    const line = await look.line(`boot/config-${kernelRelease}`, /CONFIG_DRM_I915_GVT_KVMGT[= ]/);
    if (line !== undefined)
      return /=[ym]$/.test(line) ? pass("configured", { line }) : fail("not-configured", { line });
    const parameters = await look.names("sys/module/i915/parameters");
    // Before 6.1 the parameter is there whether or not GVT-g was built.
    if (parameters.length === 0 || kernel === undefined || !isAtLeast(kernel, 6, 1))
      return unknown("no-trace");
    return parameters.includes("enable_gvt") ? pass("parameter") : fail("no-parameter");
  },
});

export const gvtDisabled = hostCheck({
  code: "GVT_DISABLED",
  costs: { "gvt-g": "error" },
  dependsOn: ["GVT_NOT_BUILT"],
  how:
    "/sys/module/i915/parameters/enable_gvt, which only root may read; otherwise i915.enable_gvt on the kernel's command line " +
    "or in /etc/modprobe.d",
  check: async (look, { hypervisor, gpus }) => {
    if (hypervisor === "xen") return notApplicable("xen");
    if (!mayHaveGvt(gpus)) return notApplicable("no-such-gpu");
    const { value, certain } = await parameter(look, { module: "i915", name: "enable_gvt" });
    if (certain)
      return isOn(value) ? pass("on", { value: value ?? "" }) : fail("off", { value: value ?? "" });
    if (isOn(value)) return pass("told", { value: value ?? "" });
    // It may have been told where nobody looks, as in an initramfs.
    if ((await look.names("sys/class/mdev_bus")).length > 0) return pass("evident");
    return value === undefined ? fail("not-set") : fail("off", { value });
  },
});

export const gvtGucConflict = hostCheck({
  code: "GVT_GUC_CONFLICT",
  costs: { "gvt-g": "error" },
  dependsOn: ["GVT_NOT_BUILT"],
  how: "i915.enable_guc, read as enable_gvt is: bit 0 asks for submission by GuC, which GVT-g refuses (i915 intel_gvt.c)",
  check: async (look, { hypervisor, kernel, gpus }) => {
    if (hypervisor === "xen") return notApplicable("xen");
    if (!mayHaveGvt(gpus)) return notApplicable("no-such-gpu");
    const { value } = await parameter(look, { module: "i915", name: "enable_guc" });
    if (value === undefined) return pass("not-set");
    const mask = Number(value);
    if (!Number.isInteger(mask)) return unknown("odd", { value });
    if (mask < 0 || (mask & 1) === 0) return pass("no-submission", { value });
    const failsProbe = kernel !== undefined && !isAtLeast(kernel, 6, 1);
    return failsProbe ? fail("no-graphics", { value }) : fail("no-gvt", { value });
  },
});

export const kvmgtNotLoaded = hostCheck({
  code: "KVMGT_NOT_LOADED",
  costs: { "gvt-g": "error" },
  dependsOn: ["GVT_NOT_BUILT"],
  how: "/sys/module/kvmgt",
  check: async (look, { hypervisor, gpus }) => {
    if (hypervisor === "xen") return notApplicable("xen");
    if (!mayHaveGvt(gpus)) return notApplicable("no-such-gpu");
    return (await look.has("sys/module/kvmgt")) ? pass("loaded") : fail("not-loaded");
  },
});

export const mdevNotLoaded = hostCheck({
  code: "MDEV_NOT_LOADED",
  costs: { "gvt-g": "error" },
  dependsOn: ["KVMGT_NOT_LOADED"],
  how: "/sys/class/mdev_bus, which is there for as long as the module mdev is loaded (mdev_core.c)",
  check: async (look, { hypervisor, gpus }) => {
    if (hypervisor === "xen") return notApplicable("xen");
    if (!mayHaveGvt(gpus)) return notApplicable("no-such-gpu");
    return (await look.has("sys/class/mdev_bus")) ? pass("loaded") : fail("not-loaded");
  },
});

export const vfioNotLoaded = hostCheck({
  code: "VFIO_NOT_LOADED",
  costs: { "gvt-g": "error", "gvt-d": "warning", sriov: "warning" },
  dependsOn: ["KVMGT_NOT_LOADED"],
  how: "/sys/module/vfio and vfio_iommu_type1; before 6.1 also vfio_mdev, without which a slice has no IOMMU group",
  check: async (look, { hypervisor, kernel }) => {
    if (hypervisor === "xen") return notApplicable("xen");
    const old = kernel !== undefined && !isAtLeast(kernel, 6, 1);
    const missing: string[] = [];
    for (const module of ["vfio", "vfio_iommu_type1", ...(old ? ["vfio_mdev"] : [])])
      if (!(await look.has(`sys/module/${module}`))) missing.push(module);
    return missing.length === 0 ? pass("loaded") : fail("missing", { missing: missing.join(", ") });
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

export const gvtTroubleInLog = hostCheck({
  code: "GVT_TROUBLE_IN_LOG",
  costs: { "gvt-g": "warning" },
  dependsOn: [],
  how: "what i915 and GVT-g wrote to the kernel's log since boot, where it may be read",
  check: (look, { kernelLog }) => {
    if (kernelLog === undefined) return Promise.resolve(unknown("not-readable"));
    for (const [says, form] of logged) {
      const lines = kernelLog.filter((line) => form.test(line));
      if (lines.length === 0) continue;
      look.saw("kernel log", lines.slice(-3).join("\n"));
      return Promise.resolve(fail(says, { lines: lines.length }));
    }
    return Promise.resolve(pass("quiet"));
  },
});
