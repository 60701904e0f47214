// In English: GVT-g in the running kernel, and XenGT in that of dom0.
import type { Text } from "../text.ts";

export const gvtKernel = {
  GVT_NOT_BUILT: {
    title: "a kernel with GVT-g",
    messages: {
      xen: "under Xen another kernel makes slices",
      loaded: "the module kvmgt is loaded",
      configured: "the kernel was built with it: {line}",
      parameter: "i915 has the parameter enable_gvt",
      "no-trace": "neither the kernel's configuration nor i915's parameters tell",
      "not-configured": "the kernel was built without GVT-g: {line}",
      "not-asked":
        "the kernel was built without GVT-g: its configuration does not have CONFIG_DRM_I915_GVT_KVMGT",
      "no-parameter": "the kernel was built without GVT-g: i915 has no parameter enable_gvt",
    },
    remedies: {
      "not-asked":
        "boot a kernel with CONFIG_DRM_I915_GVT_KVMGT; of Debian's kernels those named -amd64 have it and those named -cloud-amd64 do not",
      "not-configured":
        "boot a kernel with CONFIG_DRM_I915_GVT_KVMGT; of Debian's kernels those named -amd64 have it and those named -cloud-amd64 do not",
      "no-parameter":
        "boot a kernel with CONFIG_DRM_I915_GVT_KVMGT; of Debian's kernels those named -amd64 have it and those named -cloud-amd64 do not",
    },
  },
  GVT_DISABLED: {
    title: "GVT-g switched on in i915",
    messages: {
      xen: "under Xen another kernel makes slices",
      on: "i915.enable_gvt is {value}",
      told: "the kernel was told enable_gvt={value}; what i915 made of it only root may read",
      evident: "the GPU is a parent of mediated devices, so that GVT-g must be on",
      "taken-back":
        "i915 was told enable_gvt={value} and switched it off again, as it does on a GPU that it does not support and in a guest",
      off: "i915.enable_gvt is {value}: GVT-g is off",
      "not-yet": "i915.enable_gvt is {value}; that it was set to {said} holds from the next boot on",
      "not-set":
        "nothing was found that sets i915.enable_gvt (the kernel's command line, modprobe.d of /etc, /run, /usr/lib and /lib), and the default is off",
    },
    remedies: {
      off: "put i915.enable_gvt=1 on the kernel's command line, or 'options i915 enable_gvt=1' into a file of /etc/modprobe.d and renew the initramfs (update-initramfs -u, dracut -f), and boot; it cannot be switched on later",
      "not-yet":
        "boot again; where i915 is loaded from an initramfs, renew that first (update-initramfs -u, dracut -f)",
      "not-set":
        "put i915.enable_gvt=1 on the kernel's command line, or 'options i915 enable_gvt=1' into a file of /etc/modprobe.d and renew the initramfs (update-initramfs -u, dracut -f), and boot; it cannot be switched on later",
    },
  },
  GVT_GUC_CONFLICT: {
    title: "no submission by GuC",
    messages: {
      xen: "under Xen another kernel makes slices",
      "not-set":
        "nothing was found that sets i915.enable_guc (the kernel's command line, modprobe.d of /etc, /run, /usr/lib and /lib)",
      "no-submission": "i915.enable_guc is {value}: no submission by GuC",
      odd: "i915.enable_guc is {value}, which is no number",
      "no-graphics":
        "i915.enable_guc is {value}: with GVT-g on, i915 of this kernel does not start at all and the host has no graphics",
      "not-read":
        "i915.enable_guc is {value}; whether i915 of this kernel (5.0 to 5.9) would submit by GuC on the GPUs that GVT-g drives is not known here",
      ignored:
        "i915.enable_guc is {value}, of which this kernel's i915 ignores submission by GuC on the GPUs that GVT-g drives",
    },
    remedies: {
      "no-graphics":
        "boot with i915.enable_guc=0, or without that parameter; 2 loads HuC and leaves GVT-g alone",
    },
  },
  KVMGT_NOT_LOADED: {
    title: "the module kvmgt",
    messages: {
      xen: "under Xen another kernel makes slices",
      loaded: "kvmgt is loaded",
      "built-in": "kvmgt is built into the kernel",
      "not-loaded": "kvmgt is not loaded",
    },
    remedies: {
      "not-loaded": "modprobe kvmgt, and for every boot: echo kvmgt > /etc/modules-load.d/kvmgt.conf",
    },
  },
  MDEV_NOT_LOADED: {
    title: "the kernel's bus of mediated devices",
    messages: {
      xen: "under Xen there are no mediated devices",
      loaded: "it is loaded",
      "not-loaded": "not loaded: {missing}",
    },
    remedies: { "not-loaded": "modprobe -a {missing}, then modprobe -r kvmgt && modprobe kvmgt" },
  },
  VFIO_NOT_LOADED: {
    title: "the modules of vfio",
    messages: {
      xen: "under Xen devices are given away by pciback",
      loaded: "vfio is loaded",
      missing: "not loaded: {missing}",
    },
    remedies: {
      missing: "load them (modprobe -a {missing}), and for every boot by a file in /etc/modules-load.d",
    },
  },
  VFIO_PCI_MISSING: {
    title: "the driver that gives PCI functions to guests",
    messages: {
      xen: "under Xen devices are given away by pciback",
      "no-gpu": "this host has no Intel GPU to give away",
      there: "vfio-pci is loaded",
      loadable: "vfio-pci is not loaded; nothing was found that keeps vgpud's units from loading it",
      "not-built": "kernel {kernel} was built without vfio-pci",
      denied: "vfio-pci is not loaded and is kept from it: {denial}",
      "not-loaded": "vfio-pci is not loaded, although vgpud's units ask for it",
    },
    remedies: {
      "not-built": "boot a kernel with CONFIG_VFIO_PCI",
      denied: "take that away, then modprobe vfio-pci",
      "not-loaded":
        "modprobe vfio-pci; when that fails, see what it says and whether the package of the kernel's modules is there",
    },
  },
  GVT_TROUBLE_IN_LOG: {
    title: "what GVT-g wrote to the kernel's log",
    messages: {
      quiet: "the kernel's log has no complaint of GVT-g",
      "not-readable": "the kernel's log may not be read by who asks (kernel.dmesg_restrict)",
      "not-copied": "the kernel's log is not in this tree, which has no var/log/dmesg",
      unsupported: "at some time since boot the kernel said that GVT-g does not support this GPU: {line}",
      guest: "at some time since boot the kernel said that GVT-g is off since this is a guest: {line}",
      guc: "at some time since boot the kernel said that GVT-g does not go together with submission by GuC: {line}",
      failsafe:
        "at some time since boot a guest's driver did not get on with its vGPU, which was put into failsafe mode and showed nothing until the guest started again ({lines} lines, the last: {line})",
      "no-space":
        "at some time since boot a slice could not be made, since the host's graphics address space had no range that was large enough ({lines} lines, the last: {line})",
    },
    remedies: {
      "not-copied": "put what dmesg prints on that host into var/log/dmesg of the tree",
      unsupported: "see GVT_UNSUPPORTED_PLATFORM",
      guest: "see INSIDE_GUEST",
      guc: "see GVT_GUC_CONFLICT",
      failsafe: "update the guest's graphics driver, or give it a larger type, and start the guest again",
      "no-space":
        "stop the host's desktop, remove slices that nobody uses, or set a larger aperture in the firmware setup",
    },
  },
  XENGT_MISSING: {
    title: "XenGT in dom0's kernel",
    messages: {
      "not-xen": "this is no host of Xen",
      "of-2016": "dom0's kernel has XenGT as of 2015 and 2016",
      "of-2017": "dom0's kernel has XenGT as of 2017 and later",
      "not-registered":
        "the module xengt is loaded and offers nothing: i915.enable_gvt is off, or the GPU is not supported",
      missing: "dom0's kernel has no XenGT: /sys/kernel/vgt does not exist",
    },
    remedies: {
      "not-registered":
        "put i915.enable_gvt=1 on the command line of dom0's kernel (not of Xen), boot, and look for gvt in its dmesg",
      missing:
        "XenGT was never part of the kernel: boot a kernel of gvt-linux with CONFIG_DRM_I915_GVT_XENGT and load xengt, or give the GPU away whole (gvt-d)",
    },
  },
  XEN_PCIBACK_MISSING: {
    title: "the driver that gives PCI functions to guests of Xen",
    messages: {
      "no-gpu": "this host has no Intel GPU to give away",
      "not-xen": "only under Xen devices are given away by pciback",
      there: "xen-pciback is loaded",
      "not-built": "kernel {kernel} was built without xen-pciback",
      denied: "xen-pciback is not loaded and is kept from it: {denial}",
      absent:
        "xen-pciback is not loaded, and is not among the modules that are installed for kernel {kernel}",
      "not-loaded": "xen-pciback is not loaded",
    },
    remedies: {
      "not-built": "boot a kernel with CONFIG_XEN_PCIDEV_BACKEND",
      denied: "take that away, then modprobe xen-pciback",
      absent:
        "install the package that has the rest of this kernel's modules, or boot a kernel with CONFIG_XEN_PCIDEV_BACKEND, then modprobe xen-pciback",
      "not-loaded": "modprobe xen-pciback, and for every boot name it in a file of /etc/modules-load.d",
    },
  },
  DEVICE_MODEL_MISSING: {
    title: "a device model that makes slices of XenGT",
    messages: {
      "not-xen": "this is no host of Xen",
      "no-agent": "only a running vgpud knows which device model it is to use",
      "not-needed": "vgpud makes slices itself (xengt.instance_creator: agent)",
      there: "{path} is there; whether it has Intel's patches shows at the first create",
      missing: "xengt.device_model is {path}, and there is no such file",
      unpatched: "{path} has not Intel's patches for XenGT; it said: {said}",
    },
    remedies: {
      missing:
        "name QEMU with Intel's patches for XenGT in xengt.device_model of the configuration, or set xengt.instance_creator to agent",
      unpatched:
        "name QEMU with Intel's patches for XenGT in xengt.device_model of the configuration, or set xengt.instance_creator to agent; another file in its place is seen within a minute, other changes by the next create and after a " +
        "restart of vgpud",
    },
  },
  VIRGL_NOT_ON_XEN: {
    title: "virtio graphics for guests",
    messages: {
      "not-xen": "this is no host of Xen",
      xen: "libvirt's driver for Xen has no virtio video",
    },
    remedies: { xen: "use gvt-g or gvt-d, whichever the GPU has here, or a host of KVM" },
  },
} as const satisfies Record<string, Text>;
