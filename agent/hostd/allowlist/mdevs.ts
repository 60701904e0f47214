// Files of mediated devices: the vGPUs of GVT-g.
import type { AllowedFile } from "./file.ts";

const MDEV = "sys/bus/mdev/devices/{vgpuId}";

export const MDEV_FILES = {
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
} as const satisfies Record<string, AllowedFile>;
