// In English: what the machine as a whole must be.
import type { Text } from "../text.ts";

export const machine = {
  NO_HYPERVISOR: {
    title: "a hypervisor",
    messages: {
      xen: "this is a host of Xen",
      kvm: "KVM is loaded",
      "no-flags": "/proc/cpuinfo shows no flags",
      "not-loaded": "the processor can virtualize, and KVM is not loaded",
      "no-virtualization": "the processor shows neither VT-x nor AMD-V",
      "not-nested": "the processor of this guest shows neither VT-x nor AMD-V",
    },
    remedies: {
      "not-nested": "run vgpud on the machine that has the GPU",
      "not-loaded": "load the module: modprobe {module}; if that is refused, dmesg says why",
      "no-virtualization": "switch virtualization on in the firmware setup (VT-x, on AMD SVM) and boot again",
    },
  },
  INSIDE_GUEST: {
    title: "bare metal",
    messages: {
      dom0: "this is Xen's dom0",
      "bare-metal": "this is no guest",
      "no-flags": "/proc/cpuinfo shows no flags",
      "xen-guest": "this is a guest of Xen",
      guest: "this is a virtual machine (system vendor {vendor}); i915 switches GVT-g off in guests",
      "nameless-guest": "this is a virtual machine; i915 switches GVT-g off in guests",
    },
    remedies: {
      "xen-guest": "run vgpud in dom0",
      guest: "run vgpud on the machine that has the GPU",
      "nameless-guest": "run vgpud on the machine that has the GPU",
    },
  },
  NO_INTEL_GPU: {
    title: "an Intel GPU",
    messages: {
      found: "Intel display functions: {gpus}",
      none: "the PCI bus has no display function",
      others: "the PCI bus has display functions of other vendors only: {others}",
    },
    remedies: {
      none: "switch the integrated graphics on in the firmware setup; processors with an F in their name have none",
      others:
        "switch the integrated graphics on in the firmware setup (often named iGPU Multi-Monitor); processors with an F in their name have none",
    },
  },
  IOMMU_OFF: {
    title: "an IOMMU",
    messages: {
      on: "the kernel has IOMMU groups: {groups}",
      "xen-took":
        "Xen has taken the IOMMU for itself (its table is named {table}); only where it was booted with iommu=off does xl info show no hvm_directio among virt_caps",
      "xen-pvh": "dom0 is of type PVH, which Xen makes with an IOMMU only",
      "xen-left": "Xen leaves the IOMMU alone: dom0 sees its table (DMAR)",
      "xen-none": "the firmware offers Xen no IOMMU: dom0 sees no table of one",
      "xen-not-seen":
        "dom0 does not see whether Xen drives an IOMMU; xl info shows hvm_directio among virt_caps when it does",
      off: "the kernel has no IOMMU group (IOMMUs found: {units})",
      "off-amd": "the kernel has no IOMMU group (IOMMUs found: {units})",
      "told-off": "the kernel has no IOMMU group and was booted with {told}",
    },
    remedies: {
      off: "switch VT-d on in the firmware setup and boot with intel_iommu=on iommu=pt",
      "off-amd":
        "switch the IOMMU (AMD-Vi) on in the firmware setup; the kernel then uses it without being told",
      "xen-left":
        "take iommu=off or iommu=no out of Xen's command line (xen_commandline in xl info) and boot again",
      "xen-none":
        "switch VT-d (on AMD the IOMMU, AMD-Vi) on in the firmware setup; Xen then uses it without being told",
      "told-off": "take {told} out of the kernel's command line, and switch {name} on in the firmware setup",
    },
  },
  KERNEL_LOCKDOWN: {
    title: "a kernel that takes other drivers",
    messages: {
      "not-needed": "no GPU here waits for a driver from outside of the kernel",
      none: "the kernel has no lockdown",
      off: "the kernel is not locked down",
      on: "the kernel is locked down ({mode}): it loads an i915 with SR-IOV that was built here only if that is signed with a key that it knows",
    },
    remedies: {
      on: "see whether the module is signed (modinfo -F signer i915); if not sign it and enrol the key (mokutil), or switch Secure Boot off",
    },
  },
  MSRS_NOT_IGNORED: {
    title: "guests that ask for registers KVM does not have",
    messages: {
      ignored: "KVM ignores model specific registers that it does not know",
      "not-kvm": "this is no host of KVM",
      absent: "KVM shows no parameter ignore_msrs",
      odd: "kvm.ignore_msrs is neither Y nor N: {value}",
      "not-ignored":
        "kvm.ignore_msrs is {value}: Intel's graphics driver for Windows reads registers that KVM does not have, and the guest may stop with a blue screen",
    },
    remedies: {
      "not-ignored": "for Windows guests boot with kvm.ignore_msrs=1",
    },
  },
} as const satisfies Record<string, Text>;
