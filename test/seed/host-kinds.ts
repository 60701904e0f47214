// What tells the two hosts of the demonstration apart: the bed, how vgpud is configured for its hypervisor, and where the kernel's slices
// and the domains that have them are seen past vgpud.
import type { Machine } from "../testbed/machine.ts";
import { kvm } from "../testbed/kvm-machine.ts";
import { xen } from "../testbed/xen/machine.ts";

export interface HostKind {
  /** Of its root resource provider, and in its certificate. */
  readonly name: string;
  readonly machine: Machine;
  readonly libvirtUri: string;
  /** Lines of the configuration. */
  readonly settings: string;
  /** Prints a line for each slice that the kernel has. */
  readonly slices: string;
  /** Whether the kernel has the slice of a claim while its domain is off. */
  readonly holdsWhileOff: boolean;
  /** In a loop over running domains, `$d`: succeeds where the domain has its slice. */
  readonly hasSlice: string;
}

/** The slice of a domain of libvirt's is the mediated device that its definition names; its QEMU has the VFIO group open. */
export const KVM_HOST: HostKind = {
  name: "kvm-1.example",
  machine: kvm,
  libvirtUri: "qemu:///system",
  settings: "",
  slices: "ls /sys/bus/mdev/devices",
  holdsWhileOff: true,
  hasSlice: `slice=$(virsh -c qemu:///system dumpxml $d | sed -n "/type='mdev'/,/hostdev>/s/.*address uuid='\\([^']*\\)'.*/\\1/p")
    group=$(basename $(readlink /sys/bus/mdev/devices/$slice/iommu_group))
    ls -l /proc/$(cat /run/libvirt/qemu/$d.pid)/fd | grep -q -- "-> /dev/vfio/$group\\$"`,
};

/** A slice of XenGT is its domain's by the number; the device model has made it. */
export const XEN_HOST: HostKind = {
  name: "xen-1.example",
  machine: xen,
  libvirtUri: "xen:///system",
  settings: `libvirt: { uri: "xen:///system" }
xengt: { device_model: /usr/local/libexec/xengt-device-model }
`,
  slices: "ls /sys/kernel/vgt | grep -v control || true",
  holdsWhileOff: false,
  hasSlice: "[ -d /sys/kernel/vgt/vm$(virsh -c xen:///system domid $d) ]",
};
