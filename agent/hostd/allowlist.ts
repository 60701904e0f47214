// The published allowlist: every file that hostd may look at or open, for which of its operations, and what for.
import type { OperationKind } from "./protocol/messages.ts";

export interface AllowedFile {
  readonly operations: readonly OperationKind[];
  /** Below the root. `{name}` stands for a variable, whose form is `FORMS` or `KERNEL_FORMS`. */
  readonly path: string;
  readonly access: "write" | "write and read" | "open" | "read";
  /** After symbolic links are followed the file must still lie below this directory of the root. */
  readonly stayBelow: string;
  readonly why: string;
}

/** Variables whose values the kernel gave us, not the client. */
export const KERNEL_FORMS = {
  group: /^[0-9]{1,9}$/,
  pid: /^[1-9][0-9]{0,9}$/,
  fd: /^[0-9]{1,9}$/,
  virtfn: /^virtfn[0-9]{1,5}$/,
  /** Where libvirt writes down the pid of a domain's process, by the domain's name. */
  pidFile: /^[^/\p{Cc}]{1,251}\.pid$/u,
  drmNode: /^(card|renderD)[0-9]{1,7}$/,
  card: /^card[0-9]{1,7}$/,
  iov: /^(prelim_)?iov$/,
  /** Of a number that the client gives, which was found to be one that the GPU has. */
  vf: /^vf[1-9][0-9]{0,4}$/,
  unit: /^gt[0-9]?$/,
  /** Of the number of a guest of Xen. */
  vm: /^vm[1-9][0-9]{0,4}$/,
} as const;

/** Those that name who has something open. */
const HOLDERS = [
  "remove-mdev",
  "holders",
  "bind-driver",
  "set-virtual-functions",
  "function-holders",
] as const;
/** Those that name which guest of Xen has something. */
const XENSTORE = [
  "xen-domains",
  "remove-vgt-instance",
  "bind-driver",
  "set-virtual-functions",
  "function-holders",
] as const;
const MDEV = "sys/bus/mdev/devices/{vgpuId}";
const FUNCTION = "sys/bus/pci/devices/{device}";

/** Those that change what virtual functions have. */
const SHARING = ["set-function-profile", "set-virtual-functions"] as const;

/** `files`: by the name of the row, below the folder. */
function rowsOfShares<Name extends string>(
  driver: "i915" | "xe",
  folder: string,
  files: Readonly<Record<Name, string>>,
): Readonly<Record<Name, AllowedFile & { readonly operations: typeof SHARING }>> {
  const rows = Object.entries<string>(files).map(([name, file]) => [
    name,
    {
      operations: SHARING,
      path: `${folder}/${file}`,
      access: "write and read",
      stayBelow: "sys/devices",
      why: `a share of a virtual function of ${driver}`,
    },
  ]);
  return Object.fromEntries(rows) as ReturnType<typeof rowsOfShares<Name>>;
}

export const ALLOWLIST = {
  create: {
    operations: ["create-mdev"],
    path: "sys/class/mdev_bus/{gpu}/mdev_supported_types/{type}/create",
    access: "write",
    stayBelow: "sys",
    why: "makes a vGPU (kernel vfio-mediated-device.rst)",
  },
  mdev: {
    operations: ["remove-mdev", "holders"],
    path: MDEV,
    access: "read",
    stayBelow: "sys",
    why: "tells whether there is such a vGPU",
  },
  type: {
    operations: ["remove-mdev"],
    path: `${MDEV}/mdev_type`,
    access: "read",
    stayBelow: "sys",
    why: "only vGPUs of a GVT-g type are removed",
  },
  idleTest: {
    operations: ["remove-mdev"],
    path: "dev/vfio/{group}",
    access: "open",
    stayBelow: "dev/vfio",
    why: "answers EBUSY while somebody holds the vGPU, the test libvirt makes too",
  },
  remove: {
    operations: ["remove-mdev"],
    path: `${MDEV}/remove`,
    access: "write",
    stayBelow: "sys",
    why: "removes a vGPU that was just proved idle",
  },
  group: {
    operations: ["remove-mdev", "holders"],
    path: `${MDEV}/iommu_group`,
    access: "read",
    stayBelow: "sys",
    why: "names the VFIO group that a guest would hold",
  },
  devices: {
    operations: ["remove-mdev", "holders"],
    path: `${MDEV}/vfio-dev`,
    access: "read",
    stayBelow: "sys",
    why: "names the VFIO device node that an iommufd user opens instead of the group",
  },
  gpus: {
    operations: ["remove-mdev", "holders"],
    path: "sys/class/mdev_bus",
    access: "read",
    stayBelow: "sys",
    why: "lists the GPUs, one of which still has a vGPU that the bus has forgotten",
  },
  leaving: {
    operations: ["remove-mdev", "holders"],
    path: "sys/class/mdev_bus/{gpu}/{vgpuId}",
    access: "read",
    stayBelow: "sys",
    why: "tells a vGPU whose removal waits in the kernel from one that is gone",
  },
  leavingGroup: {
    operations: ["remove-mdev", "holders"],
    path: "sys/class/mdev_bus/{gpu}/{vgpuId}/iommu_group",
    access: "read",
    stayBelow: "sys",
    why: "names the VFIO group to look for while a removal waits",
  },
  processes: {
    operations: HOLDERS,
    path: "proc",
    access: "read",
    stayBelow: "proc",
    why: "lists the processes",
  },
  descriptors: {
    operations: [...HOLDERS, "render-clients"],
    path: "proc/{pid}/fd",
    access: "read",
    stayBelow: "proc",
    why: "lists what a process has open",
  },
  descriptor: {
    operations: [...HOLDERS, "render-clients"],
    path: "proc/{pid}/fd/{fd}",
    access: "read",
    stayBelow: "proc",
    why: "says what a descriptor points to; the link is read, never followed",
  },
  command: {
    operations: HOLDERS,
    path: "proc/{pid}/comm",
    access: "read",
    stayBelow: "proc",
    why: "names the process",
  },
  commandLine: {
    operations: [...HOLDERS, "xen-domains", "render-clients"],
    path: "proc/{pid}/cmdline",
    access: "read",
    stayBelow: "proc",
    why: "names the domain of a QEMU process, and the slice that a device model of Xen's was started with",
  },
  pidFiles: {
    operations: ["render-clients"],
    path: "run/libvirt/qemu",
    access: "read",
    stayBelow: "run/libvirt",
    why: "lists the processes that libvirt has started for domains",
  },
  pidFile: {
    operations: ["render-clients"],
    path: "run/libvirt/qemu/{pidFile}",
    access: "read",
    stayBelow: "run/libvirt/qemu",
    why: "says which process that is: no other is looked at, whatever it calls itself",
  },
  descriptorInfo: {
    operations: ["render-clients"],
    path: "proc/{pid}/fdinfo/{fd}",
    access: "read",
    stayBelow: "proc",
    why: "has what the driver counts of an open of the GPU: engine time and memory",
  },
  vendor: {
    operations: ["bind-driver", "set-virtual-functions", "set-function-profile", "render-clients"],
    path: `${FUNCTION}/vendor`,
    access: "read",
    stayBelow: "sys/devices",
    why: "only functions of Intel's are touched",
  },
  class: {
    operations: ["bind-driver", "set-virtual-functions", "set-function-profile", "render-clients"],
    path: `${FUNCTION}/class`,
    access: "read",
    stayBelow: "sys/devices",
    why: "only display functions are touched: GPUs and their virtual functions",
  },
  driver: {
    operations: ["bind-driver", "set-virtual-functions", "function-holders"],
    path: `${FUNCTION}/driver`,
    access: "read",
    stayBelow: "sys",
    why: "names the driver that the function has",
  },
  functionGroup: {
    operations: ["bind-driver", "set-virtual-functions", "function-holders"],
    path: `${FUNCTION}/iommu_group`,
    access: "read",
    stayBelow: "sys",
    why: "names the VFIO group that a guest would hold",
  },
  functionNodes: {
    operations: ["bind-driver", "set-virtual-functions", "function-holders"],
    path: `${FUNCTION}/vfio-dev`,
    access: "read",
    stayBelow: "sys",
    why: "names the VFIO device node that an iommufd user opens instead of the group",
  },
  function: {
    operations: [
      "bind-driver",
      "set-virtual-functions",
      "set-function-profile",
      "function-holders",
      "render-clients",
    ],
    path: FUNCTION,
    access: "read",
    stayBelow: "sys",
    why: "tells whether there is such a function",
  },
  virtualFunctions: {
    operations: ["bind-driver", "set-virtual-functions", "function-holders"],
    path: FUNCTION,
    access: "read",
    stayBelow: "sys",
    why: "lists the virtual functions of a GPU, whose number must not be read from sriov_numvfs: that waits for its writers",
  },
  virtualFunction: {
    operations: ["bind-driver", "set-virtual-functions", "function-holders"],
    path: `${FUNCTION}/{virtfn}`,
    access: "read",
    stayBelow: "sys",
    why: "names the address of a virtual function, as xenstore names what a guest has",
  },
  virtualDriver: {
    operations: ["bind-driver", "set-virtual-functions", "function-holders"],
    path: `${FUNCTION}/{virtfn}/driver`,
    access: "read",
    stayBelow: "sys",
    why: "tells the virtual functions that a guest could hold",
  },
  virtualGroup: {
    operations: ["bind-driver", "set-virtual-functions", "function-holders"],
    path: `${FUNCTION}/{virtfn}/iommu_group`,
    access: "read",
    stayBelow: "sys",
    why: "names the VFIO group of a virtual function",
  },
  virtualNodes: {
    operations: ["bind-driver", "set-virtual-functions", "function-holders"],
    path: `${FUNCTION}/{virtfn}/vfio-dev`,
    access: "read",
    stayBelow: "sys",
    why: "names the VFIO device node of a virtual function",
  },
  mdevs: {
    operations: ["bind-driver"],
    path: FUNCTION,
    access: "read",
    stayBelow: "sys",
    why: "lists the vGPUs of a GPU, which its driver would take with it",
  },
  mdevGroup: {
    operations: ["bind-driver"],
    path: `${FUNCTION}/{vgpuId}/iommu_group`,
    access: "read",
    stayBelow: "sys",
    why: "names the VFIO group of such a vGPU",
  },
  mdevNodes: {
    operations: ["bind-driver"],
    path: `${FUNCTION}/{vgpuId}/vfio-dev`,
    access: "read",
    stayBelow: "sys",
    why: "names the VFIO device node of such a vGPU",
  },
  drmNodes: {
    operations: ["bind-driver", "render-clients"],
    path: `${FUNCTION}/drm`,
    access: "read",
    stayBelow: "sys",
    why: "names the nodes below /dev/dri, for processes that have one open",
  },
  functionIdleTest: {
    operations: ["bind-driver", "set-virtual-functions"],
    path: "dev/vfio/{group}",
    access: "open",
    stayBelow: "dev/vfio",
    why: "answers EBUSY while somebody holds the function",
  },
  driverOverride: {
    operations: ["bind-driver"],
    path: `${FUNCTION}/driver_override`,
    access: "write",
    stayBelow: "sys/devices",
    why: "says which driver alone may have the function; an empty line leaves that to the kernel again",
  },
  unbind: {
    operations: ["bind-driver"],
    path: `${FUNCTION}/driver/unbind`,
    access: "write",
    stayBelow: "sys/bus/pci/drivers",
    why: "takes the driver away from a function that was just proved idle",
  },
  probe: {
    operations: ["bind-driver"],
    path: "sys/bus/pci/drivers_probe",
    access: "write",
    stayBelow: "sys/bus/pci",
    why: "offers the function to the drivers",
  },
  newSlot: {
    operations: ["bind-driver"],
    path: "sys/bus/pci/drivers/pciback/new_slot",
    access: "write",
    stayBelow: "sys/bus/pci/drivers",
    why: "tells Xen's driver that it may take the function, which kernels before 4.9 want",
  },
  removeSlot: {
    operations: ["bind-driver"],
    path: "sys/bus/pci/drivers/pciback/remove_slot",
    access: "write",
    stayBelow: "sys/bus/pci/drivers",
    why: "takes a function from the list by which Xen's driver would take it again",
  },
  autoprobe: {
    operations: ["set-virtual-functions"],
    path: `${FUNCTION}/sriov_drivers_autoprobe`,
    access: "write",
    stayBelow: "sys/devices",
    why: "keeps the host's drivers from the virtual functions that are made",
  },
  numvfs: {
    operations: ["set-virtual-functions"],
    path: `${FUNCTION}/sriov_numvfs`,
    access: "write",
    stayBelow: "sys/devices",
    why: "makes virtual functions, and removes those that were just proved idle",
  },
  totalvfs: {
    operations: SHARING,
    path: `${FUNCTION}/sriov_totalvfs`,
    access: "read",
    stayBelow: "sys/devices",
    why: "tells which virtual functions the GPU has shares for",
  },
  drm: {
    operations: SHARING,
    path: `${FUNCTION}/drm`,
    access: "read",
    stayBelow: "sys",
    why: "names the card, below which i915 has its files",
  },
  card: {
    operations: SHARING,
    path: `${FUNCTION}/drm/{card}`,
    access: "read",
    stayBelow: "sys",
    why: "names the folder that an i915 with virtual functions has for them",
  },
  units: {
    operations: SHARING,
    path: `${FUNCTION}/drm/{card}/{iov}/{vf}`,
    access: "read",
    stayBelow: "sys",
    why: "lists the graphics units, each of which has shares of its own",
  },
  ...rowsOfShares("xe", `${FUNCTION}/sriov_admin/{vf}/profile`, {
    xeExecQuantum: "exec_quantum_ms",
    xePreemptTimeout: "preempt_timeout_us",
    xePriority: "sched_priority",
    xeVram: "vram_quota",
  }),
  ...rowsOfShares("i915", `${FUNCTION}/drm/{card}/{iov}/{vf}/{unit}`, {
    i915ExecQuantum: "exec_quantum_ms",
    i915PreemptTimeout: "preempt_timeout_us",
    i915Ggtt: "ggtt_quota",
    i915Contexts: "contexts_quota",
    i915Doorbells: "doorbells_quota",
  }),
  i915Automatic: {
    operations: ["set-virtual-functions"],
    path: `${FUNCTION}/drm/{card}/{iov}/pf/auto_provisioning`,
    access: "write and read",
    stayBelow: "sys/devices",
    why: "lets i915 share out by itself again, once nobody's parts are left",
  },
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
    why: "the same where xenfs is not mounted",
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
  deviceModelLog: {
    operations: ["device-model-log"],
    path: "var/log/xen/qemu-dm-{name}.log",
    access: "read",
    stayBelow: "var/log/xen",
    why: "says why a device model did not start; the folder is closed to others (0750 on Debian)",
  },
} as const satisfies Record<string, AllowedFile>;

export type AllowedName = keyof typeof ALLOWLIST;
