// What a GPU could be used for, by its PCI id alone: before it is bought, or before a host has it.
import type { PciAddress } from "../core/ids.ts";
import type { Code, HostSubject } from "./condition.ts";
import { diagnose, type Diagnosis } from "./diagnose.ts";
import { parseKernelVersion } from "./kernel-version.ts";

/** The conditions that follow from a device and a kernel, whatever the host. */
const OF_DEVICE: ReadonlySet<Code> = new Set([
  ...(["GPU_MODEL_UNKNOWN", "GVT_UNSUPPORTED_PLATFORM", "SRIOV_UNSUPPORTED_PLATFORM"] as const),
]);

const NO_FILES = {
  read: () => Promise.resolve(undefined),
  list: () => Promise.resolve([]),
  exists: () => Promise.resolve(false),
  linkName: () => Promise.resolve(undefined),
  linkParentName: () => Promise.resolve(undefined),
};

/** `deviceId` as four lower-case hex digits, `kernelRelease` as `6.12` or longer; empty: the latest that is known here. */
export function prospectOf(deviceId: string, kernelRelease: string): Promise<Diagnosis> {
  const host: HostSubject = {
    hypervisor: "kvm",
    kernel: parseKernelVersion(kernelRelease),
    kernelRelease,
    gpus: [bareGpu(deviceId)],
    libvirt: { asked: false, why: "a device is asked about, and no host" },
    kernelLog: undefined,
    rooms: undefined,
  };
  return diagnose(NO_FILES, host, ({ code }) => OF_DEVICE.has(code));
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
