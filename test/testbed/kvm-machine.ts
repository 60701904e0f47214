// The KVM bed's machine: Debian's kernel with an IOMMU, QEMU's driver of libvirt.
import { join } from "node:path";
import { commonArguments, kernelWords, type Machine } from "./machine.ts";

const warmUp = `udevadm settle --timeout=60
virsh -c qemu:///system list --all; virsh -c qemu:///system nodedev-list
qemu-system-x86_64 --version; lspci; mdevctl list`;

export const kvm: Machine = {
  prefix: "",
  folder: "",
  warmUps: new Map([
    ["minimal", `${warmUp}; sync`],
    // Services that start late must not do so in the restored machine.
    ["systemd", `systemctl is-system-running --wait; ${warmUp}; journalctl --sync; sync`],
  ]),
  qemuArguments(options) {
    const { image, init } = options;
    // intel_iommu: IOMMU groups for virtual functions and passthrough
    const words = `console=ttyS0 apparmor=1 security=apparmor intel_iommu=on ${kernelWords(init)}`;
    return [
      ...["-cpu", "Nehalem", "-device", "intel-iommu"],
      ...["-kernel", join(image, "vmlinuz"), "-initrd", join(image, "initrd"), "-append", words],
      // Of a kernel that patches its own code (jump labels, when the first domain of libvirt's gets its cgroup) while another processor runs it,
      // QEMU 7.2 may keep the breakpoint that stood there for the moment: that processor meets it for ever. With one there is none.
      ...commonArguments(options, 1),
    ];
  },
};
