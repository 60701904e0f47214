// Files of processes: who has something open, and what of a GPU it uses.
import type { AllowedFile } from "./file.ts";

/** Those that name who has something open. */
const HOLDERS = [
  "remove-mdev",
  "holders",
  "bind-driver",
  "set-virtual-functions",
  "function-holders",
] as const;
export const PROCESS_FILES = {
  processes: {
    operations: [...HOLDERS, "remove-vgt-instance"],
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
    operations: [...HOLDERS, "remove-vgt-instance"],
    path: "proc/{pid}/comm",
    access: "read",
    stayBelow: "proc",
    why: "names the process",
  },
  commandLine: {
    operations: [...HOLDERS, "xen-domains", "remove-vgt-instance", "render-clients"],
    path: "proc/{pid}/cmdline",
    access: "read",
    stayBelow: "proc",
    why: "names the domain of a QEMU process, and the guest of Xen and the slice that a device model was started with",
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
} as const satisfies Record<string, AllowedFile>;
