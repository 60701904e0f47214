// What a GPU could be used for, by its PCI id alone: before it is bought, or before a host has it.
import type { PciAddress } from "../core/ids.ts";
import { LATEST_KERNEL } from "../core/latest-kernel.ts";
import { platformOf } from "../inventory/platforms.ts";
import { gpuModelUnknown } from "./checks/gpu.ts";
import { gvtUnsupportedPlatform } from "./checks/gvt-gpu.ts";
import { sriovDriverUnfit, sriovUnsupportedPlatform } from "./checks/sriov.ts";
import { fail, gpuCheck, notApplicable, pass, unknown, type Check, type HostSubject } from "./condition.ts";
import { diagnose, type Diagnosis } from "./diagnose.ts";
import { parseKernelVersion } from "./kernel-version.ts";
import { sriovProspect } from "./prospects.ts";

/** On a host the device's class tells that it is a GPU; an id that is not known may be that of anything. */
const modelKnown = gpuCheck({
  ...gpuModelUnknown,
  code: "GPU_MODEL_UNKNOWN",
  costs: { "gvt-g": "error", "gvt-d": "error", "gvt-s": "error", sriov: "error" },
  check: async (look, subject) => {
    const known = await gpuModelUnknown.check(look, subject);
    return known.status === "pass"
      ? pass("known", known.values)
      : unknown("no-gpu-known", { id: subject.gpu.deviceId });
  },
});

/** What a host's own driver will be is not known; that the kernel's does not do by itself is worth a warning. */
const driverNeeded = gpuCheck({
  ...sriovDriverUnfit,
  code: "SRIOV_DRIVER_UNFIT",
  costs: { sriov: "warning" },
  check: (_look, { host, gpu: { deviceId } }) => {
    const platform = platformOf(deviceId);
    const prospect = platform && sriovProspect(platform, host.kernel);
    const values = { platform: platform?.name ?? deviceId, kernel: host.kernelRelease };
    if (prospect?.possible === true && prospect.by === "i915-dkms")
      return Promise.resolve(fail("from-outside", values));
    if (prospect?.possible === true && prospect.by === "xe-forced")
      return Promise.resolve(fail("to-be-told", values));
    const alone = prospect?.possible === true;
    return Promise.resolve(alone ? pass("xe-alone", values) : notApplicable("none-known", values));
  },
});

/** What follows from a device and a kernel, whatever the host. */
const ofDevice: readonly Check[] = [
  modelKnown,
  gvtUnsupportedPlatform,
  sriovUnsupportedPlatform,
  driverNeeded,
];

const NO_FILES = {
  read: () => Promise.resolve(undefined),
  list: () => Promise.resolve([]),
  exists: () => Promise.resolve(false),
  linkName: () => Promise.resolve(undefined),
  linkParentName: () => Promise.resolve(undefined),
};

/** `deviceId` as four lower-case hex digits, `kernelRelease` as `6.12` or longer. */
export function prospectOf(deviceId: string, kernelRelease: string = LATEST_KERNEL): Promise<Diagnosis> {
  const host: HostSubject = {
    hypervisor: "kvm",
    kernel: parseKernelVersion(kernelRelease),
    kernelRelease,
    gpus: [bareGpu(deviceId)],
    libvirt: { asked: false, why: "a device is asked about, and no host" },
    kernelLog: [],
    hostd: undefined,
    rooms: undefined,
    settings: undefined,
  };
  return diagnose(NO_FILES, host, ofDevice);
}

function bareGpu(deviceId: string): HostSubject["gpus"][number] {
  return {
    address: "0000:00:02.0" as PciAddress,
    vendorId: "8086",
    deviceId,
    pciClass: "030000",
    driver: undefined,
    numaNode: undefined,
    iommuGroup: undefined,
    drmCard: undefined,
    drmRender: undefined,
    bootVga: undefined,
    apertureMib: undefined,
  };
}
