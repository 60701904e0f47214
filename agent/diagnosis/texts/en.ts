// The conditions in English; this is the list of what there is, other languages are held against it.
import type { Text } from "./text.ts";

/** For any condition. */
export const common = {
  unreadable: "{path} cannot be read: {why}",
  explained: "follows from {cause}",
  "no-such-gpu": "this host has no GPU that it concerns",
} as const;

export const texts = {
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
      "not-loaded": "load the module: modprobe kvm_intel; if that is refused, dmesg says why",
      "no-virtualization": "switch VT-x on in the firmware setup and boot again",
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
    },
    remedies: {
      "xen-guest": "run vgpud in dom0",
      guest: "run vgpud on the machine that has the GPU",
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
      on: "the kernel has {groups} IOMMU groups",
      xen: "under Xen the hypervisor has the IOMMU; xl info shows hvm_directio among virt_caps when it is on",
      off: "the kernel has no IOMMU group ({units} IOMMUs found)",
      "told-off": "the kernel has no IOMMU group and was booted with {told}",
    },
    remedies: {
      off: "switch VT-d on in the firmware setup and boot with intel_iommu=on iommu=pt",
      "told-off": "take {told} out of the kernel's command line, and switch VT-d on in the firmware setup",
    },
  },
  KERNEL_LOCKDOWN: {
    title: "a kernel that takes other drivers",
    messages: {
      "not-needed": "no GPU here waits for a driver from outside of the kernel",
      none: "the kernel has no lockdown",
      off: "the kernel is not locked down",
      on: "the kernel is locked down ({mode}): it loads signed modules only, and an i915 with SR-IOV that was built here is not signed",
    },
    remedies: {
      on: "sign the module and enrol its key (mokutil), or switch Secure Boot off",
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
      "not-set": "i915.enable_gvt is set nowhere, and GVT-g is off unless it is",
    },
    remedies: {
      off: "boot with i915.enable_gvt=1 on the kernel's command line; it cannot be switched on later",
      "not-yet":
        "boot again; where i915 is loaded from an initramfs, renew that first (update-initramfs -u, dracut -f)",
      "not-set": "boot with i915.enable_gvt=1 on the kernel's command line; it cannot be switched on later",
    },
  },
  GVT_GUC_CONFLICT: {
    title: "no submission by GuC",
    messages: {
      xen: "under Xen another kernel makes slices",
      "not-set": "i915.enable_guc is not set",
      "no-submission": "i915.enable_guc is {value}: no submission by GuC",
      odd: "i915.enable_guc is {value}, which is no number",
      "no-graphics":
        "i915.enable_guc is {value}: with GVT-g on, i915 of this kernel does not start at all and the host has no graphics",
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
      loaded: "mdev is loaded",
      "not-loaded": "mdev is not loaded",
    },
    remedies: { "not-loaded": "modprobe mdev, then modprobe -r kvmgt && modprobe kvmgt" },
  },
  VFIO_NOT_LOADED: {
    title: "the modules of vfio",
    messages: {
      xen: "under Xen devices are given away by pciback",
      loaded: "vfio is loaded",
      missing: "not loaded: {missing}",
    },
    remedies: {
      missing: "load them (modprobe {missing}), and for every boot by a file in /etc/modules-load.d",
    },
  },
  GVT_TROUBLE_IN_LOG: {
    title: "what GVT-g wrote to the kernel's log",
    messages: {
      quiet: "the kernel's log has no complaint of GVT-g",
      "not-readable": "the kernel's log may not be read by vgpud",
      unsupported: "the kernel says that GVT-g does not support this GPU",
      guest: "the kernel says that GVT-g is off since this is a guest",
      guc: "the kernel says that GVT-g does not go together with submission by GuC",
      failsafe:
        "a guest's driver does not get on with its vGPU, which was put into failsafe mode ({lines} lines): it shows nothing until the guest starts again",
      "no-space":
        "a slice could not be made since the host's graphics address space has no range that is large enough ({lines} lines)",
    },
    remedies: {
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
      "not-registered": "boot dom0 with i915.enable_gvt=1 and look for gvt in its dmesg",
      missing:
        "XenGT was never part of the kernel: boot a kernel of gvt-linux with CONFIG_DRM_I915_GVT_XENGT and load xengt, or give the GPU away whole (gvt-d)",
    },
  },
  VIRGL_NOT_ON_XEN: {
    title: "virtio graphics for guests",
    messages: {
      "not-xen": "this is no host of Xen",
      xen: "libvirt's driver for Xen has no virtio video",
    },
    remedies: { xen: "use gvt-d, or a host of KVM" },
  },
  LIBVIRT_UNAVAILABLE: {
    title: "an answer of libvirt",
    messages: {
      "not-asked": "libvirt was not asked: {why}",
      answers: "{uri} answers, version {version}",
      away: "{uri} does not answer: {why}",
    },
    remedies: {
      away: "start the daemon (systemctl start libvirtd, or virtqemud.socket) and see its journal",
    },
  },
  LIBVIRT_TOO_OLD: {
    title: "a libvirt that knows vGPUs",
    messages: {
      "not-known": "the version is not known",
      recent: "version {version} has displays and ramfb for mediated devices",
      "recent-xen": "version {version} passes arguments on to Xen's device model",
      old: "version {version} is older than {least}, the first with displays and ramfb for mediated devices",
      "old-xen":
        "version {version} is older than {least}, the first that passes arguments on to Xen's device model",
    },
    remedies: {
      old: "update libvirt to {least} or later",
      "old-xen": "update libvirt to {least} or later, or start such guests by xl",
    },
  },
  LIBVIRT_WITHOUT_OVERRIDE: {
    title: "a libvirt that can set options of an integrated GPU",
    messages: {
      xen: "under Xen the device model has options of its own",
      "not-known": "the version is not known",
      has: "version {version} has <qemu:override>",
      lacks: "version {version} is older than {least}, the first that can set x-igd-gms and the like",
    },
    remedies: { lacks: "update libvirt to {least} or later for gvt-d with an integrated GPU" },
  },
  LIBVIRT_DRIVER_UNFIT: {
    title: "libvirt's driver for this hypervisor",
    messages: {
      "not-known": "the driver is not known",
      fits: "{uri} leads to the driver {driver}",
      other: "{uri} leads to the driver {driver}, and this host needs {wanted}",
    },
    remedies: {
      other: "set libvirt.uri in vgpud's configuration: qemu:///system for KVM, xen:///system for Xen",
    },
  },
  LIBVIRT_GUESTS_SUSPEND: {
    title: "what becomes of guests when the host goes down",
    messages: {
      "not-enabled": "libvirt-guests.service is not enabled",
      "shuts-down": "libvirt-guests does {value} to guests",
      told: "libvirt-guests suspends guests when the host goes down, and a guest with a mediated device cannot be suspended: it is killed",
      "by-default":
        "libvirt-guests is enabled and ON_SHUTDOWN is not set: it suspends guests, and a guest with a mediated device cannot be suspended: it is killed",
    },
    remedies: {
      told: "set ON_SHUTDOWN=shutdown in /etc/default/libvirt-guests",
      "by-default": "set ON_SHUTDOWN=shutdown in /etc/default/libvirt-guests",
    },
  },
  QEMU_MISSING: {
    title: "QEMU for x86",
    messages: {
      found: "{path}",
      missing: "QEMU for x86 is not where distributions put it",
    },
    remedies: {
      missing: "install it: apt install qemu-system-x86 (qemu-kvm elsewhere, qemu-system-xen for Xen)",
    },
  },
  MEMLOCK_TOO_LOW: {
    title: "leave to lock a guest's memory",
    messages: {
      xen: "under Xen a guest's memory is not locked",
      "no-daemon": "libvirt's daemon is not running, or not to be found",
      raises: "libvirt's daemon may raise the limit for each guest",
      unlimited: "libvirt's daemon has no limit",
      limited:
        "libvirt's daemon may lock {bytes} bytes and may not raise that; all memory of a guest with a vGPU is locked",
    },
    remedies: {
      limited:
        "give the daemon LimitMEMLOCK=infinity (systemctl edit libvirtd), or the container it runs in CAP_SYS_RESOURCE",
    },
  },
  MAC_DENIES_VFIO: {
    title: "leave to open vfio's devices",
    messages: {
      none: "neither SELinux enforces nor AppArmor is on",
      selinux:
        "SELinux enforces; libvirt labels /dev/vfio/N for each guest, and audit2why names what is denied all the same",
      "no-profile": "AppArmor is on and has no profile for libvirt's guests",
      apparmor: "AppArmor lets guests open /dev/vfio/vfio",
      "apparmor-denies": "AppArmor's profile for libvirt's guests does not let them open /dev/vfio/vfio",
    },
    remedies: {
      "apparmor-denies":
        "add the line '/dev/vfio/vfio rw,' to /etc/apparmor.d/local/abstractions/libvirt-qemu and restart libvirt's daemon, or update libvirt",
    },
  },
  MODE_NOT_SERVED: {
    title: "what this release of vgpud makes",
    messages: {
      "not-served": "this release of vgpud makes vGPUs of mode gvt-g on KVM; other modes are diagnosed only",
    },
    remedies: { "not-served": "set the other modes up by hand, or wait for a later release" },
  },
  GPU_MODEL_UNKNOWN: {
    title: "the GPU's platform",
    messages: {
      known: "{platform} ({generation}, 8086:{id})",
      unknown: "8086:{id} is no device that this release knows",
    },
    remedies: { unknown: "update vgpud; lspci -nn -d 8086: shows the device" },
  },
  GPU_WITHOUT_DRIVER: {
    title: "a graphics driver on the GPU",
    messages: {
      bound: "driver {driver}",
      none: "no driver has the GPU",
      "given-away": "{driver} holds the GPU for a guest",
    },
    remedies: {
      none: "load i915 or xe and see dmesg; a command line with nomodeset or module_blacklist=i915 keeps it away",
      "given-away":
        "end the guest that has the GPU, and bind it to i915 again at the next boot (take it out of vfio-pci.ids or xen-pciback.hide)",
    },
  },
  HOST_DISPLAY_ON_GPU: {
    title: "the host's own display",
    messages: {
      none: "the host shows nothing on this GPU",
      screen:
        "a screen is plugged into {connectors}: the host's framebuffers take aperture that slices lack, and giving the GPU away takes the console",
      boot: "the firmware's display is on this GPU: giving it away takes the console",
    },
    remedies: {
      screen:
        "run the host without a desktop, or make slices before it starts; for gvt-d have another way in, as a serial console",
      boot: "for gvt-d have another way in, as a serial console or ssh",
    },
  },
  GVT_UNSUPPORTED_PLATFORM: {
    title: "graphics that GVT-g drives",
    messages: {
      model: "8086:{id} is not known here",
      supported: "GVT-g drives {platform} (types {types})",
      "by-xengt": "XenGT of this dom0's kernel drives {platform}",
      "later-kernel": "GVT-g drives {platform} since Linux 5.1, and this is {kernel}",
      sriov:
        "GVT-g does not drive {platform}: it ended with the 10th generation. These graphics have SR-IOV instead",
      "xengt-2016": "GVT-g does not drive {platform}; only XenGT of 2015 and 2016 did",
      never:
        "GVT-g does not drive {platform}, and there is no SR-IOV: this GPU can be given away whole (gvt-d) or be shared by rendering (gvt-s)",
    },
    remedies: {
      "later-kernel": "boot a later kernel, best 5.10 or newer",
      sriov: "use sriov: vgpuctl doctor --mode sriov says what it needs",
      "xengt-2016": "use gvt-d or gvt-s",
      never: "use gvt-d or gvt-s; enable_gvt=Y means nothing on this GPU",
    },
  },
  GVT_DRIVER_UNFIT: {
    title: "i915 on the GPU",
    messages: {
      i915: "i915 has the GPU",
      other: "{driver} has the GPU, and only i915 has GVT-g",
    },
    remedies: {
      other:
        "let i915 have it: take xe.force_probe and module_blacklist=i915 out of the kernel's command line",
    },
  },
  APERTURE_TOO_SMALL: {
    title: "an aperture that holds a slice",
    messages: {
      "not-assigned": "BAR 2 of the GPU is not assigned",
      fits: "the aperture has {mib} MiB",
      small:
        "the aperture has {mib} MiB, of which the host keeps 128: no type fits, and the kernel lists none. {best} MiB would give one of {room}",
    },
    remedies: {
      small: "set Aperture Size to {best} MB in the firmware setup (Graphics or System Agent Configuration)",
    },
  },
  APERTURE_TOO_LARGE: {
    title: "an aperture that leaves address space",
    messages: {
      "not-assigned": "BAR 2 of the GPU is not assigned",
      fits: "the aperture has {mib} MiB",
      large:
        "the aperture has {mib} MiB, all of the graphics address space: the kernel shows room, and every create fails with ENOSPC. {best} MiB would give one of {room}",
    },
    remedies: { large: "set Aperture Size to {best} MB in the firmware setup" },
  },
  APERTURE_NOT_BEST: {
    title: "the aperture with the most room",
    messages: {
      "not-assigned": "BAR 2 of the GPU is not assigned",
      best: "the aperture has {mib} MiB: one of {room}",
      other: "the aperture has {mib} MiB: one of {room}; {best} MiB would give one of {best_room}",
    },
    remedies: { other: "set Aperture Size to {best} MB in the firmware setup, if it offers that" },
  },
  VGPU_TYPES_MISSING: {
    title: "vGPU types that the kernel offers",
    messages: {
      xen: "under Xen types are not listed by the kernel",
      offered: "the kernel offers {types}",
      absent: "the GPU is no parent of mediated devices",
      empty: "the GPU is a parent of mediated devices and offers no type",
    },
    remedies: {
      absent: "nothing known here explains it: look for gvt in dmesg",
      empty: "nothing known here explains it: look for gvt in dmesg",
    },
  },
  IOMMU_GROUP_MISSING: {
    title: "the GPU's IOMMU group",
    messages: {
      xen: "under Xen the hypervisor has the IOMMU",
      group: "IOMMU group {group}",
      none: "the GPU is in no IOMMU group",
    },
    remedies: {
      none: "take intel_iommu=igfx_off out of the kernel's command line, which leaves graphics out",
    },
  },
  IOMMU_GROUP_SHARED: {
    title: "a group of its own",
    messages: {
      xen: "under Xen the hypervisor has the IOMMU",
      "no-group": "the GPU is in no IOMMU group",
      alone: "nothing of the host is with it in group {group}",
      shared: "group {group} also has {mates}: vfio gives away all of a group or nothing",
    },
    remedies: { shared: "give those devices to vfio-pci as well, or plug the card into another slot" },
  },
  RENDER_NODE_MISSING: {
    title: "a render node",
    messages: {
      there: "/dev/dri/{node}",
      made: "the driver made {node}; /dev/dri is not to be seen from here",
      none: "the driver made no render node",
      "no-file": "/dev/dri/{node} does not exist",
    },
    remedies: {
      none: "see dmesg for i915 or xe",
      "no-file": "see whether udev runs; in a container give it /dev/dri",
    },
  },
  SRIOV_UNSUPPORTED_PLATFORM: {
    title: "graphics with SR-IOV",
    messages: {
      model: "8086:{id} is not known here",
      xe: "xe makes virtual functions of {platform}",
      "xe-forced": "xe makes virtual functions of {platform} when it is told to drive it (xe.force_probe)",
      "i915-dkms":
        "an i915 built outside of the kernel (i915-sriov-dkms) makes virtual functions of {platform}; that of kernel {kernel} does not",
      kernel: "{platform} has SR-IOV, and kernel {kernel} has no driver for it",
      platform: "{platform} has no SR-IOV",
    },
    remedies: {
      kernel: "boot kernel 7.1 or later, whose xe has it",
      platform: "use another mode: GVT-g up to the 10th generation, gvt-d or gvt-s on any",
    },
  },
  SRIOV_NOT_OFFERED: {
    title: "SR-IOV offered by the device",
    messages: {
      offered: "the device can have {total} virtual functions",
      absent: "the device shows no SR-IOV",
      zero: "the device has SR-IOV, and its driver lets no virtual function be made",
      odd: "sriov_totalvfs is no number of virtual functions: {value}",
    },
    remedies: {
      absent: "switch SR-IOV on in the firmware setup, as well as Above 4G Decoding and VT-d",
      zero: "see SRIOV_DRIVER_UNFIT and SRIOV_LIMIT_ZERO; when neither fails, see dmesg for i915 or xe",
    },
  },
  SRIOV_DRIVER_UNFIT: {
    title: "a driver that makes virtual functions",
    messages: {
      xe: "xe has the GPU",
      "xe-without": "xe has the GPU, and has no SR-IOV for {platform} in this kernel",
      i915: "i915 with SR-IOV has the GPU ({folder})",
      "i915-port": "an i915 with SR-IOV has the GPU and does not use it",
      "mainline-i915": "the kernel's own i915 has the GPU, which has no SR-IOV",
      other: "{driver} has the GPU, which makes no virtual functions",
    },
    remedies: {
      "mainline-i915":
        "install i915-sriov-dkms, or let xe drive it (xe.force_probe=ID i915.force_probe=!ID, kernel 7.1 or later)",
      "xe-without": "let an i915 with SR-IOV have it (i915-sriov-dkms, module_blacklist=xe)",
      other: "let i915 with SR-IOV or xe have it",
    },
  },
  SRIOV_LIMIT_ZERO: {
    title: "virtual functions that the driver lets be made",
    messages: {
      "no-driver": "no driver with SR-IOV has the GPU",
      set: "{driver}.max_vfs is {value}",
      evident: "this i915 acts as a physical function, so that it lets virtual functions be made",
      odd: "{driver}.max_vfs is no number: {value}",
      unlimited: "xe.max_vfs is not set, which is no limit in this kernel",
      "default-unknown": "xe.max_vfs is not set, and what that means in this kernel is not known here",
      zero: "{driver}.max_vfs is 0",
      default: "{driver}.max_vfs is not set, which is 0 in this driver",
    },
    remedies: {
      zero: "boot with {driver}.max_vfs=7",
      default: "boot with {driver}.max_vfs=7; i915 needs i915.enable_guc=3 as well",
    },
  },
  SRIOV_AUTOPROBE: {
    title: "virtual functions kept from the host's driver",
    messages: {
      absent: "the device shows no SR-IOV",
      off: "new virtual functions are left alone",
      on: "the host's driver takes each new virtual function, which then has to be taken from it again",
    },
    remedies: { on: "echo 0 > sriov_drivers_autoprobe of the device before virtual functions are made" },
  },
  SRIOV_ADMIN_MISSING: {
    title: "settings of virtual functions",
    messages: {
      "not-xe": "not of this driver",
      there: "xe takes settings by sriov_admin",
      missing: "this xe has no sriov_admin: virtual functions share the GPU as the driver sees fit",
    },
    remedies: { missing: "boot kernel 6.19 or later to set quotas and priorities" },
  },
} as const satisfies Record<string, Text>;
