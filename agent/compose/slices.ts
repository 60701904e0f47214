// What makes and removes vGPUs on this host, by mode.
import { gvtgCapacity } from "../backends/kvmgt/capacity-rule.ts";
import { KvmgtSlices, type MdevWriter } from "../backends/kvmgt/slices.ts";
import { SlicesByMode } from "../backends/slices-by-mode.ts";
import { BackendsOfFunctions } from "../backends/gpu-functions.ts";
import { WholeGpus } from "../backends/passthrough/whole-gpus.ts";
import { PciBinding, type DriverWriter } from "../backends/pci-binding.ts";
import { Cutting, type FunctionsWriter } from "../backends/sriov/cutting.ts";
import { Profiles, type ProfileWriter } from "../backends/sriov/profiles.ts";
import { VirtualFunctions } from "../backends/sriov/functions.ts";
import { xengtCapacity } from "../backends/xengt/capacity-rule.ts";
import type { XengtSlices } from "../backends/xengt/slices.ts";
import { VirglSeats } from "../backends/virgl/seats.ts";
import type { CapacityRule } from "../capacity/budget.ts";
import type { LibvirtHost } from "../host/libvirt.ts";
import type { HostFiles } from "../discovery/host-files.ts";
import type { GpuFunctions, Slices } from "../lifecycle/ports.ts";

/** How the privileged process is asked for all of it. */
type Writer = MdevWriter & DriverWriter & FunctionsWriter & ProfileWriter;

/** `libvirt`: undefined where there is none to ask, as at boot. `xengt`: undefined on a host without Xen. */
export function composeSlices(
  hostd: MdevWriter & DriverWriter,
  files: HostFiles,
  {
    libvirt,
    xengt,
  }: {
    readonly libvirt: Pick<LibvirtHost, "status" | "offered"> | undefined;
    readonly xengt: XengtSlices | undefined;
  },
): Slices {
  const binding = new PciBinding(hostd, files);
  return new SlicesByMode({
    "gvt-g": xengt ?? new KvmgtSlices(hostd, files),
    "gvt-s": new VirglSeats(files, (signal) => libvirt?.offered(signal) ?? Promise.resolve(undefined)),
    "gvt-d": new WholeGpus(binding),
    sriov: new VirtualFunctions({ binding, knowsVariants: () => knowsVariants(libvirt?.status.version) }),
  });
}

/** Since 10.0.0 libvirt chooses among VFIO's variants itself, and takes what one of them has. */
function knowsVariants(version = ""): boolean {
  return Number(/^\d+/.exec(version)?.[0] ?? 0) >= 10;
}

/** What a GPU has for slices, by what makes them. */
export const sliceCapacity: CapacityRule = (gpu) =>
  gpu.vgt === undefined ? gvtgCapacity(gpu) : xengtCapacity(gpu);

export function composeFunctions(hostd: Writer, files: HostFiles): GpuFunctions {
  const binding = new PciBinding(hostd, files);
  return new BackendsOfFunctions({
    binding,
    whole: new WholeGpus(binding),
    cutting: new Cutting(hostd, files),
    profiles: new Profiles(hostd),
  });
}
