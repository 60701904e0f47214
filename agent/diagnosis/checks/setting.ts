// Whether the kernel has a GPU as somebody set it.
import { fail, gpuCheck, notApplicable, pass, type Finding, type Says } from "../condition.ts";
import type { SettingStanding } from "../setting.ts";

export const gpuSettingDiffers = gpuCheck({
  code: "GPU_SETTING_DIFFERS",
  costs: { "gvt-g": "warning", "gvt-d": "warning", "gvt-s": "warning", sriov: "warning" },
  dependsOn: [],
  how:
    "what SetGpuMode and SetVirtualFunctions wrote down, beside driver, virtual functions and their shares as the kernel shows " +
    "them; only a running agent knows",
  check: (look, { host: { settings }, gpu: { address } }) => {
    if (!settings) return Promise.resolve(notApplicable("no-record"));
    const setting = settings.get(address);
    if (!setting) return Promise.resolve(notApplicable("not-set"));
    const { recorded, has, standing } = setting;
    look.saw("vgpud: gpu-modes.json", recorded);
    look.saw(`/sys/bus/pci/devices/${address}`, has);
    const values = { recorded, has };
    // GPU_WITHOUT_DRIVER tells of it.
    if (standing.kind === "parked") return Promise.resolve(notApplicable("parked", values));
    return Promise.resolve(judged(standing, values));
  },
});

function judged(
  standing: Exclude<SettingStanding["standing"], { readonly kind: "parked" }>,
  values: Pick<SettingStanding, "recorded" | "has">,
): Finding<Says<"GPU_SETTING_DIFFERS">> {
  switch (standing.kind) {
    case "kept":
      return fail(standing.by, { ...values, what: standing.what });
    case "as-made":
      return pass(standing.kind, { ...values, what: standing.what });
    case "as-set":
    case "on-its-way":
      return pass(standing.kind, values);
  }
}
