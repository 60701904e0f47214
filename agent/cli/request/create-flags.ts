// The flags of `vgpuctl create`, each with the request field that it sets.
import type { Flag } from "../command.ts";
import { diskBuses, diskFormats, modes, offerWords, onStops, policies } from "./create-words.ts";
import { NEED_FORM } from "./need-words.ts";
import { parseVncAddress } from "./vnc-address.ts";

/** Of what asks for a vGPU. */
export const flavorFlag: Flag = {
  name: "flavor-metadata",
  value: "KEY=VALUE",
  many: true,
  help: "the vGPU by the sizes of a flavor, as hw:vgt_low_gm_sz=128; repeated for each key",
  field: "vgpu.flavor.metadata",
};
export const numaFlag: Flag = {
  name: "numa",
  value: "NODE",
  help: "the host's NUMA node to be near to; alone it means --policy numa",
  field: "vgpu.numa",
};

/** Which vGPU, and where. */
export const vgpuFlags: readonly Flag[] = [
  {
    name: "type",
    value: "TYPE",
    help: "the vGPU by its type, as i915-GVTg_V5_4",
    field: "vgpu.type",
    offer: { kind: "live", what: "types" },
  },
  {
    name: "sizes",
    value: "LOW,HIGH,FENCES",
    help: "the vGPU by low and high GM in MiB and fences: the smallest type that holds them",
    field: "vgpu.sizes",
  },
  flavorFlag,
  {
    name: "mode",
    value: "MODE",
    help: `the smallest vGPU of a mode: ${Object.keys(modes).join(", ")}`,
    field: "vgpu.mode",
    offer: offerWords(modes),
  },
  {
    name: "need",
    value: "NEED",
    many: true,
    help: `the vGPU by what it has to give at least, as gvt-g,low-gm=128: ${NEED_FORM}; repeated: any of them, the first before the others`,
    field: "vgpu.needs",
    offer: offerWords(modes),
  },
  {
    name: "gpu",
    value: "ADDRESS",
    help: "only on this GPU, by PCI address",
    field: "vgpu.gpu",
    offer: { kind: "live", what: "gpus" },
  },
  {
    name: "policy",
    value: "POLICY",
    help: "among GPUs with room: pack (the fullest, default), spread (the emptiest) or numa (near to --numa, or to where the domain's memory or CPUs are)",
    field: "vgpu.policy",
    offer: offerWords(policies),
  },
  numaFlag,
];

export const claimIdFlag: Flag = {
  name: "claim-id",
  value: "ID",
  fresh: true,
  help: "your name for the claim; repeat it to retry safely (default: a new UUID)",
  field: "claim_id",
};
export const dryRunFlag: Flag = {
  name: "dry-run",
  help: "check and place, and do nothing",
  field: "validate_only",
};
export const reservationFlag: Flag = {
  name: "reservation",
  value: "ID",
  help: "take the room of this reservation, by its claim id; what the vGPU is need not be said again",
  field: "reservation",
  offer: { kind: "live", what: "reservations" },
};

export const createFlags: readonly Flag[] = [
  {
    name: "file",
    short: "f",
    value: "FILE",
    help: "a request in YAML with the fields of CreateDomainRequest, - for stdin; NAME and flags win over it",
    offer: { kind: "files" },
  },
  ...vgpuFlags,
  reservationFlag,
  { name: "vcpus", value: "N", help: "virtual CPUs (required here or in the file)", field: "domain.vcpus" },
  {
    name: "memory",
    value: "MIB",
    help: "memory, MiB (required here or in the file)",
    field: "domain.memory_mib",
  },
  {
    name: "disk",
    value: "PATH",
    help: "a disk image below a storage root (this, --kernel or a file is required)",
    field: "domain.disks[0].path",
    offer: { kind: "files" },
  },
  {
    name: "disk-format",
    value: "FORMAT",
    help: "what the image is: raw or qcow2 (required with --disk)",
    field: "domain.disks[0].format",
    offer: offerWords(diskFormats),
  },
  {
    name: "disk-bus",
    value: "BUS",
    help: "what it is attached to: virtio, sata or scsi; on Xen xen (default: virtio, xen)",
    field: "domain.disks[0].bus",
    offer: offerWords(diskBuses),
  },
  { name: "disk-readonly", help: "the guest may not write to it", field: "domain.disks[0].readonly" },
  {
    name: "kernel",
    value: "PATH",
    help: "a kernel to boot directly; without one the disk is booted",
    field: "domain.boot.kernel.kernel_path",
    offer: { kind: "files" },
  },
  {
    name: "initrd",
    value: "PATH",
    help: "its initial RAM disk",
    field: "domain.boot.kernel.initrd_path",
    offer: { kind: "files" },
  },
  { name: "cmdline", value: "TEXT", help: "its command line", field: "domain.boot.kernel.cmdline" },
  {
    name: "vnc",
    value: "LISTEN[:PORT]",
    optionalValue: (text) => parseVncAddress(text) !== undefined,
    help: "a VNC console (default 127.0.0.1 and a free port)",
    field: "domain.graphics.vnc",
  },
  { name: "uuid", value: "UUID", help: "the domain's UUID (default: a random one)", field: "domain.uuid" },
  {
    name: "on-stop",
    value: "WHAT",
    help: "while the domain is off: hold the vGPU (default) or release it",
    field: "domain.on_stop",
    offer: offerWords(onStops),
  },
  claimIdFlag,
  dryRunFlag,
];
