// Whether the kernel has a GPU as somebody set it.
import { fail, gpuCheck, notApplicable, pass } from "../condition.ts";

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
    const finding =
      standing.kind === "kept"
        ? fail(standing.by, { ...values, what: standing.what })
        : pass(standing.kind, values);
    return Promise.resolve(finding);
  },
});
