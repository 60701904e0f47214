// Files of Xen's dom0: xenstore, XenGT, and what device models say.
import type { AllowedFile } from "./file.ts";

/** Those that name which guest of Xen has something. */
const XENSTORE = [
  "xen-domains",
  "remove-vgt-instance",
  "bind-driver",
  "set-virtual-functions",
  "function-holders",
] as const;

export const XEN_FILES = {
  xenbusFile: {
    operations: XENSTORE,
    path: "proc/xen/xenbus",
    access: "write and read",
    stayBelow: "proc/xen",
    why: "asks xenstore for the guests of a Xen host and what they have of it; only reads of nodes are asked for",
  },
  xenbusDevice: {
    operations: XENSTORE,
    path: "dev/xen/xenbus",
    access: "write and read",
    stayBelow: "dev/xen",
    why: "the same where no xenfs is seen, as in the sandbox of vgpud-hostd.service",
  },
  vgtInstances: {
    operations: ["make-vgt-instance", "remove-vgt-instance"],
    path: "sys/kernel/vgt/control/create_vgt_instance",
    access: "write",
    stayBelow: "sys/kernel/vgt",
    why: "makes the slice of a guest of Xen, and removes that of one that is gone (Igvtg-kernel, vgt/sysfs.c; gvt-linux, gvt/xengt.c)",
  },
  vgtInstance: {
    operations: ["remove-vgt-instance"],
    path: "sys/kernel/vgt/{vm}",
    access: "read",
    stayBelow: "sys/kernel/vgt",
    why: "tells whether there is such a slice",
  },
  vgtResources: {
    operations: ["vgt-resources"],
    path: "sys/kernel/vgt/control/available_resource",
    access: "read",
    stayBelow: "sys/kernel/vgt",
    why: "says what is left for slices, to root alone (mode 0440)",
  },
  vgtSlices: {
    operations: ["vgt-utilization"],
    path: "sys/kernel/vgt",
    access: "read",
    stayBelow: "sys/kernel",
    why: "lists the slices of XenGT",
  },
  vgtUtilization: {
    operations: ["vgt-utilization"],
    path: "sys/kernel/vgt/{vm}/vgpu_hw_utilization",
    access: "read",
    stayBelow: "sys/kernel/vgt",
    why: "says how busy a slice was since it was last read, by whomever (Igvtg-kernel of 2016, vgt/sysfs.c)",
  },
  deviceModelLog: {
    operations: ["device-model-log"],
    path: "var/log/xen/qemu-dm-{name}.log",
    access: "read",
    stayBelow: "var/log/xen",
    why: "says why a device model did not start; the folder is closed to others (0750 on Debian)",
  },
} as const satisfies Record<string, AllowedFile>;
