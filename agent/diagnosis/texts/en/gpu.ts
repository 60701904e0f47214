// In English: the GPU, whole or in slices of GVT-g.
import type { Text } from "../text.ts";

export const gpu = {
  GPU_MODEL_UNKNOWN: {
    title: "the GPU's platform",
    messages: {
      known: "{platform} ({generation}, 8086:{id})",
      unknown: "8086:{id} is no device that this release knows",
      "no-gpu-known": "8086:{id} is no GPU that this release knows; it may be a newer one, or no GPU at all",
    },
    remedies: {
      unknown: "update vgpud; lspci -nn -d 8086: shows the device",
      "no-gpu-known": "see whether the id is that of the GPU; if it is, update vgpud",
    },
  },
  GPU_WITHOUT_DRIVER: {
    title: "a graphics driver on the GPU",
    messages: {
      bound: "driver {driver}",
      none: "no driver has the GPU",
      "given-away": "{driver} holds the GPU for a guest",
      "as-set": "{driver} holds the GPU for guests, as it was set (mode gvt-d)",
      parked: "the GPU was given back, and {driver} keeps it from everybody until the next boot",
    },
    remedies: {
      none: "load i915 or xe and see dmesg; a command line with nomodeset or module_blacklist=i915 keeps it away",
      "given-away":
        "end the guest that has the GPU, and bind it to i915 again at the next boot (take it out of vfio-pci.ids or xen-pciback.hide)",
      "as-set":
        "nothing, if that is meant; otherwise destroy the domain that has it, and give it back: vgpuctl set-mode {gpu} auto",
      parked:
        "boot the host: its driver does not safely start again before what a guest may have had, or is not known to vgpud",
    },
  },
  HOST_DISPLAY_ON_GPU: {
    title: "the host's own display",
    messages: {
      none: "the host shows nothing on this GPU",
      screen:
        "a screen is plugged into {connectors}: the host's framebuffers take aperture that slices lack, and giving the GPU away takes the console",
      boot: "the firmware's display is on this GPU: giving it away takes the console",
      console:
        "the kernel has its framebuffer {framebuffer} on this GPU: giving it away takes the console that is on it",
    },
    remedies: {
      screen:
        "run the host without a desktop, or make slices before it starts; for gvt-d have another way in, as a serial console",
      boot: "for gvt-d have another way in, as a serial console or ssh",
      console: "for gvt-d have another way in, as a serial console or ssh",
    },
  },
  GVT_UNSUPPORTED_PLATFORM: {
    title: "graphics that GVT-g drives",
    messages: {
      model: "8086:{id} is not known here",
      supported: "GVT-g drives {platform} (types {types})",
      "by-xengt": "XenGT of this dom0's kernel drives {platform}",
      "later-kernel": "GVT-g drives {platform} since Linux {since}, and {kernel} is older",
      sriov: "GVT-g does not drive {platform}, whose graphics have SR-IOV instead",
      "sriov-later":
        "GVT-g does not drive {platform}, whose graphics have SR-IOV instead, for which kernel {kernel} has no driver",
      "xengt-2016": "GVT-g does not drive {platform}; only XenGT and KVMGT of 2015 and 2016 did",
      "kvmgt-2016":
        "{kernel} has KVMGT of 2015 and 2016, whose files are XenGT's and which vgpud does not serve",
      never: "GVT-g does not drive {platform}, and these graphics have no SR-IOV",
      "kvm-only": "under Xen nothing makes slices of {platform}: XenGT drove Haswell to Kaby Lake only",
    },
    remedies: {
      "later-kernel": "boot a later kernel, best 5.10 or newer",
      sriov: "use sriov, if what it needs is there (--mode sriov shows that), or one of: {modes}",
      "sriov-later": "use one of: {modes}; or sriov on kernel 7.1 or later",
      "xengt-2016": "use one of: {modes}",
      "kvmgt-2016": "boot a later kernel, best 5.10 or newer, whose kvmgt makes slices of {platform}",
      never: "use one of: {modes}; i915.enable_gvt=1 means nothing on this GPU, although it reads Y",
      "kvm-only": "use one of: {modes}; or KVM, where GVT-g drives it",
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
  VGPU_COUNT_UNREADABLE: {
    title: "how many vGPUs the kernel would make",
    messages: {
      xen: "under Xen types are not listed by the kernel",
      before:
        "what XenGT has left cannot be read now ({why}); it is what it was before, since no slice has come or gone",
      xengt: "what XenGT has left cannot be read ({why}): no vGPU is made on this GPU",
      counted: "the kernel says how many it would make of each type",
      some: "how many of {types} the kernel would make cannot be read ({why}): none of them is made",
      none: "how many vGPUs the kernel would make cannot be read of any type ({why}): none is made on this GPU",
    },
    remedies: {
      some: "look for i915, gvt and hung tasks in dmesg; a driver that hangs is back by itself, or after a reboot",
      none: "look for i915, gvt and hung tasks in dmesg; a driver that hangs is back by itself, or after a reboot",
      xengt:
        "read journalctl -u vgpud-hostd, and look for i915, vgt and hung tasks in dmesg; a busy host answers later, and vgpud asks with each look",
    },
  },
  CAPACITY_DISAGREES: {
    title: "kernel and vgpud count alike",
    messages: {
      "no-accounts": "only a running vgpud keeps account of what is taken and promised",
      "no-slices": "vgpud keeps no account of this GPU: it offers no slices, or was not looked at yet",
      agree: "of every type kernel and vgpud would make the same number",
      differ:
        "kernel and vgpud differ in how many more vGPUs fit (kernel ≠ vgpud: {types}); the smaller number holds",
      unsized:
        "of vGPUs that others made ({vgpus}) nothing tells how much they take: each counts as one and as no memory, so that less " +
        "may fit than is shown",
      wraps:
        "kernel and vgpud differ in how many more vGPUs fit (kernel ≠ vgpud: {types}): the kernel's arithmetic wraps around, " +
        "since a part of the graphics memory is smaller than what is kept for the host, and every create fails",
      overcommitted:
        "the vGPUs that exist and those that are promised take more than there is by vgpud's arithmetic (too much by: {excess}); " +
        "none can be added",
    },
    remedies: {
      overcommitted:
        "set the aperture back in the firmware if it was made smaller since, or destroy domains until the rest fits",
      differ:
        "docs/capacity.md tells what makes them differ: a vGPU that the kernel lost until the next boot, a graphics address " +
        "space that the firmware made smaller, or with XenGT more kept for dom0 than by default",
      unsized:
        "leave room for them until they are gone, or have them made by vgpud or by a device model that is told the sizes",
      wraps: "set the graphics aperture in the firmware to between 256 and {best} MiB",
    },
  },
  GM_FRAGMENTED: {
    title: "free graphics memory in one piece",
    messages: {
      "no-accounts": "only a running vgpud follows where the vGPUs lie",
      "no-slices": "vgpud keeps no account of this GPU: it offers no slices, or was not looked at yet",
      whole:
        "of what is free the largest pieces are {low} MiB of low GM and {high} MiB of high GM, by vgpud's estimate",
      places: "where the vGPUs lie is not known; docs/capacity.md tells what may be the reason",
      pieces:
        "what is free would hold {types} in sum, and is in no piece large enough: by vgpud's estimate of where the vGPUs lie the " +
        "largest are {low} MiB of low GM and {high} MiB of high GM",
      refused:
        "what is free would hold {types} in sum, and is in no piece large enough: the kernel has refused {refused} (ENOSPC)",
    },
    remedies: {
      pieces:
        "destroy a vGPU of this GPU that lies between two free pieces, or ask for a smaller type where there is one; other GPUs are preferred meanwhile",
      refused:
        "destroy a vGPU of this GPU that lies between two free pieces, or ask for a smaller type where there is one; other GPUs are preferred meanwhile",
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
  GPU_SETTING_DIFFERS: {
    title: "the GPU as it was set",
    messages: {
      "no-record": "only a running vgpud knows what GPUs were set to",
      "not-set": "nobody set the GPU to a mode",
      parked: "the GPU was given back, and waits for the next boot (GPU_WITHOUT_DRIVER)",
      "as-set": "the kernel has what was set ({recorded})",
      "as-made": "the kernel has what was set ({recorded}), but for what its driver makes of it: {what}",
      "on-its-way": "vgpud is making it so: set to {recorded}, the kernel has {has}",
      "guest-driver": "set to {recorded}, the kernel has {has}: {what} keeps the GPU for guests",
      driver: "set to {recorded}, the kernel has {has}: its driver ({what}) makes no virtual functions",
      users: "set to {recorded}, the kernel has {has}, and stays so while it is used: by {what}",
      libvirt:
        "set to {recorded}, the kernel has {has}; who uses it is not known while libvirt is away: {what}",
      hostd:
        "set to {recorded}, the kernel has {has}; which guests of Xen use it is not known while xenstore cannot be asked: {what}",
      failed: "set to {recorded}, the kernel has {has}; making it so failed: {what}",
    },
    remedies: {
      "guest-driver":
        "bind the GPU to its driver (i915 or xe) again, boot the host, or tell vgpud that it is given away: vgpuctl set-mode GPU gvt-d",
      driver:
        "see SRIOV_DRIVER_UNFIT and SRIOV_LIMIT_ZERO; or take the setting back: vgpuctl set-functions GPU 0",
      users:
        "end those; vgpud then makes it so by itself. Or set what the kernel has: vgpuctl set-functions GPU COUNT",
      libvirt: "see LIBVIRT_UNAVAILABLE; vgpud then makes it so by itself",
      hostd: "see HOSTD_UNAVAILABLE; vgpud then makes it so by itself",
      failed:
        "mend what the message names; vgpud tries again every minute. Or set what the kernel has: vgpuctl set-functions GPU COUNT",
    },
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
} as const satisfies Record<string, Text>;
