// In English: virtual functions.
import type { Text } from "../text.ts";

export const sriov = {
  SRIOV_UNSUPPORTED_PLATFORM: {
    title: "graphics with SR-IOV",
    messages: {
      model: "8086:{id} is not known here",
      xe: "xe makes virtual functions of {platform}",
      "xe-forced": "xe makes virtual functions of {platform} when it is told to drive it (xe.force_probe)",
      "i915-dkms":
        "an i915 built outside of the kernel (i915-sriov-dkms) makes virtual functions of {platform}; that of kernel {kernel} does not",
      "kernel-unknown": "{platform} has SR-IOV, and whether xe of kernel {kernel} has it is not known here",
      kernel: "{platform} has SR-IOV, and kernel {kernel} has no driver for it",
      platform: "{platform} has no SR-IOV",
    },
    remedies: {
      kernel: "boot kernel 7.1 or later, whose xe has it",
      platform: "use another mode, of which this GPU may have: {modes}",
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
      absent:
        "switch SR-IOV on in the firmware setup, as well as Above 4G Decoding and the IOMMU (VT-d, on AMD AMD-Vi)",
      zero: "see SRIOV_DRIVER_UNFIT and SRIOV_LIMIT_ZERO; when neither fails, see dmesg for i915 or xe",
    },
  },
  SRIOV_DRIVER_UNFIT: {
    title: "a driver that makes virtual functions",
    messages: {
      platform: "{platform} has no SR-IOV, whatever drives it",
      xe: "xe has the GPU",
      "xe-without": "xe has the GPU, and has no SR-IOV for {platform} in this kernel",
      i915: "i915 with SR-IOV has the GPU ({folder})",
      "i915-port": "an i915 with SR-IOV has the GPU and does not use it",
      "mainline-i915": "the kernel's own i915 has the GPU, which has no SR-IOV",
      other: "{driver} has the GPU, which makes no virtual functions",
      "xe-alone": "xe of kernel {kernel} makes virtual functions by itself",
      "none-known": "no driver is known to make virtual functions of {platform} under kernel {kernel}",
      "from-outside":
        "kernel {kernel} has no driver that makes virtual functions of {platform}: it takes an i915 built outside of the kernel",
      "to-be-told":
        "kernel {kernel} gives {platform} to i915, which makes no virtual functions: xe does once it is told to drive it",
    },
    remedies: {
      "mainline-i915":
        "install i915-sriov-dkms, or let xe drive it (xe.force_probe=ID i915.force_probe=!ID, kernel 7.1 or later)",
      "xe-without": "let an i915 with SR-IOV have it (i915-sriov-dkms, module_blacklist=xe)",
      other: "let i915 with SR-IOV or xe have it",
      "from-outside":
        "see before the purchase whether i915-sriov-dkms can be built for that kernel and may be loaded (Secure Boot); of most " +
        "platforms xe makes them since kernel 7.1",
      "to-be-told": "boot with xe.force_probe=ID i915.force_probe=!ID, or install i915-sriov-dkms",
    },
  },
  SRIOV_LIMIT_ZERO: {
    title: "virtual functions that the driver lets be made",
    messages: {
      platform: "{platform} has no SR-IOV, whatever drives it",
      "no-driver": "no driver with SR-IOV has the GPU",
      set: "{driver}.max_vfs is {value}",
      evident: "this i915 acts as a physical function, so that it lets virtual functions be made",
      odd: "{driver}.max_vfs is no number: {value}",
      unlimited: "nothing was found that sets xe.max_vfs, which is no limit in this kernel",
      "default-unknown":
        "nothing was found that sets xe.max_vfs, and what that means in this kernel is not known here",
      zero: "{driver}.max_vfs is 0",
      "zero-in-configfs": "{path} is 0, which goes before xe.max_vfs",
      default: "nothing was found that sets {driver}.max_vfs, which is 0 in this driver",
    },
    remedies: {
      zero: "boot with {driver}.max_vfs=7",
      "zero-in-configfs":
        "take the GPU from xe, write another number into {path} (or remove the GPU's folder from configfs), and give it to xe again",
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
    remedies: {
      on: "nothing, where vgpuctl set-functions makes them, which switches it off; by hand, echo 0 > sriov_drivers_autoprobe of the device first",
    },
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
  SRIOV_USE_UNCOUNTED: {
    title: "what virtual functions use of the engines",
    messages: {
      "not-xe": "not of this driver, which does not count it",
      counted: "xe counts it, and vgpud-hostd has perf read it: vgpud_vgpu_engine_*",
      untried:
        "xe counts it, and there is /usr/bin/perf; whether that can read it shows while there is such a vGPU and /metrics is scraped",
      "no-pmu": "this xe, or the firmware of this GPU, does not count it for virtual functions",
      "no-perf": "xe counts it, and there is no perf to read it by: no vgpud_vgpu_engine_*",
      paranoid:
        "the kernel does not let vgpud-hostd read it by perf, and kernel.perf_event_paranoid is {value}: no vgpud_vgpu_engine_*",
      "paranoid-untried":
        "kernel.perf_event_paranoid is {value}, at which kernels of Debian and Ubuntu let vgpud-hostd read nothing; whether this one does shows while there is such a vGPU and /metrics is scraped",
      "no-permission": "the kernel does not let vgpud-hostd read it by perf: no vgpud_vgpu_engine_*",
      failed: "perf does not read it: no vgpud_vgpu_engine_*",
    },
    remedies: {
      "no-pmu": "boot a kernel whose xe does, as 7.1, with GuC firmware that it knows",
      "no-perf":
        "install perf (Debian: linux-perf, Ubuntu: linux-tools-$(uname -r)); it is tried again every minute",
      paranoid:
        "sysctl kernel.perf_event_paranoid=2, and the same in a file of /etc/sysctl.d; it is tried again every minute",
      "paranoid-untried":
        "on Debian and Ubuntu: sysctl kernel.perf_event_paranoid=2, and the same in a file of /etc/sysctl.d",
      "no-permission":
        "see that the unit of vgpud-hostd has CAP_PERFMON and perf_event_open, and that kernel.perf_event_paranoid is 2 at most; it is tried again every minute",
      failed:
        "run perf stat by hand with the GPU's events, as docs/metrics.md shows; it is tried again every minute",
    },
  },
} as const satisfies Record<string, Text>;
