// The published allowlist: every file hostd may open, and for what. Nothing else in hostd builds a path of the kernel's.
import { realpathSync } from "node:fs";
import path from "node:path";
import { FORMS, type FormName } from "./protocol/forms.ts";
import type { OperationKind } from "./protocol/messages.ts";

export interface AllowedFile {
  readonly operation: OperationKind;
  /** Below the root. `{name}` stands for a variable, whose form is `FORMS` or `KERNEL_FORMS`. */
  readonly path: string;
  readonly access: "write" | "open" | "read";
  /** After symbolic links are followed the file must still lie below this directory of the root. */
  readonly stayBelow: string;
  readonly why: string;
}

/** Variables whose values the kernel gave us, not the client. */
export const KERNEL_FORMS = {
  group: /^[0-9]{1,9}$/,
  pid: /^[1-9][0-9]{0,9}$/,
  fd: /^[0-9]{1,9}$/,
} as const;

const MDEV = "sys/bus/mdev/devices/{vgpuId}";

export const ALLOWLIST = {
  create: {
    operation: "create-mdev",
    path: "sys/class/mdev_bus/{gpu}/mdev_supported_types/{type}/create",
    access: "write",
    stayBelow: "sys",
    why: "makes a vGPU (kernel vfio-mediated-device.rst)",
  },
  type: {
    operation: "remove-mdev",
    path: `${MDEV}/mdev_type`,
    access: "read",
    stayBelow: "sys",
    why: "only vGPUs of a GVT-g type are removed",
  },
  removeGroup: {
    operation: "remove-mdev",
    path: `${MDEV}/iommu_group`,
    access: "read",
    stayBelow: "sys",
    why: "names the VFIO group that a guest would hold",
  },
  idleTest: {
    operation: "remove-mdev",
    path: "dev/vfio/{group}",
    access: "open",
    stayBelow: "dev/vfio",
    why: "answers EBUSY while somebody holds the vGPU, the test libvirt makes too",
  },
  remove: {
    operation: "remove-mdev",
    path: `${MDEV}/remove`,
    access: "write",
    stayBelow: "sys",
    why: "removes a vGPU that was just proved idle",
  },
  group: {
    operation: "holders",
    path: `${MDEV}/iommu_group`,
    access: "read",
    stayBelow: "sys",
    why: "names the VFIO group to look for",
  },
  devices: {
    operation: "holders",
    path: `${MDEV}/vfio-dev`,
    access: "read",
    stayBelow: "sys",
    why: "names the VFIO device node that an iommufd user opens instead of the group",
  },
  gpus: {
    operation: "holders",
    path: "sys/class/mdev_bus",
    access: "read",
    stayBelow: "sys",
    why: "lists the GPUs, one of which still has a vGPU that the bus has forgotten",
  },
  leaving: {
    operation: "holders",
    path: "sys/class/mdev_bus/{gpu}/{vgpuId}",
    access: "read",
    stayBelow: "sys",
    why: "tells a vGPU whose removal waits in the kernel from one that is gone",
  },
  leavingGroup: {
    operation: "holders",
    path: "sys/class/mdev_bus/{gpu}/{vgpuId}/iommu_group",
    access: "read",
    stayBelow: "sys",
    why: "names the VFIO group to look for while a removal waits",
  },
  processes: {
    operation: "holders",
    path: "proc",
    access: "read",
    stayBelow: "proc",
    why: "lists the processes",
  },
  descriptors: {
    operation: "holders",
    path: "proc/{pid}/fd",
    access: "read",
    stayBelow: "proc",
    why: "lists what a process has open",
  },
  descriptor: {
    operation: "holders",
    path: "proc/{pid}/fd/{fd}",
    access: "read",
    stayBelow: "proc",
    why: "says what a descriptor points to; the link is read, never followed",
  },
  command: {
    operation: "holders",
    path: "proc/{pid}/comm",
    access: "read",
    stayBelow: "proc",
    why: "names the process",
  },
  commandLine: {
    operation: "holders",
    path: "proc/{pid}/cmdline",
    access: "read",
    stayBelow: "proc",
    why: "names the domain of a QEMU process",
  },
} as const satisfies Record<string, AllowedFile>;

type AllowedName = keyof typeof ALLOWLIST;
type Variables = Readonly<Partial<Record<FormName | keyof typeof KERNEL_FORMS, string>>>;

const forms: Readonly<Record<string, RegExp>> = { ...FORMS, ...KERNEL_FORMS };

/**
 * The path of an allowed file below `root`, links not followed: for reading what a link says.
 * @throws RangeError when a variable is missing or not of its form, which only a bug of ours can cause
 */
export function allowedPath(root: string, name: AllowedName, variables: Variables): string {
  const values: Readonly<Record<string, string>> = { ...variables };
  const below = ALLOWLIST[name].path.replaceAll(/\{(\w+)\}/g, (_, variable: string) => {
    const value = values[variable];
    if (value === undefined || !forms[variable]?.test(value)) {
      throw new RangeError(`${variable} of ${ALLOWLIST[name].path} is not of its form`);
    }
    return value;
  });
  return path.join(root, below);
}

/**
 * The same for opening: every link of the directory part is followed and the file must still lie where the table says.
 * The caller opens it with O_NOFOLLOW, so that its last part is no link either.
 * @throws NodeJS.ErrnoException of realpath(3), or RangeError when the file lies elsewhere
 */
export function resolvedPath(root: string, name: AllowedName, variables: Variables): string {
  const file = allowedPath(root, name, variables);
  const resolved = path.join(realpathSync(path.dirname(file)), path.basename(file));
  const base = realpathSync(path.join(root, ALLOWLIST[name].stayBelow));
  if (!resolved.startsWith(base.endsWith("/") ? base : `${base}/`)) {
    throw new RangeError(`${file} leads out of ${base}`);
  }
  return resolved;
}
