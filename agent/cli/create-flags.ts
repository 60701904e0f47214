// The flags of `vgpuctl create`, each with the request field that it sets.
import type { Flag } from "./command.ts";
import { parseVncAddress } from "./vnc-address.ts";

export const createFlags: readonly Flag[] = [
  { name: "type", value: "TYPE", help: "the vGPU by its type, as i915-GVTg_V5_4", field: "vgpu.type" },
  {
    name: "sizes",
    value: "LOW,HIGH,FENCES",
    help: "the vGPU by low and high GM in MiB and fences: the smallest type that holds them",
    field: "vgpu.sizes",
  },
  {
    name: "mode",
    value: "MODE",
    help: "the smallest vGPU of a mode: gvt-g",
    field: "vgpu.mode",
  },
  { name: "gpu", value: "ADDRESS", help: "only on this GPU, by PCI address", field: "vgpu.gpu" },
  {
    name: "policy",
    value: "POLICY",
    help: "among GPUs with room: pack (the fullest, default) or spread (the emptiest)",
    field: "vgpu.policy",
  },
  { name: "vcpus", value: "N", help: "virtual CPUs (required)", field: "domain.vcpus" },
  { name: "memory", value: "MIB", help: "memory, MiB (required)", field: "domain.memory_mib" },
  {
    name: "disk",
    value: "PATH",
    help: "a disk image below a storage root (this or --kernel is required)",
    field: "domain.disks[0].path",
  },
  {
    name: "disk-format",
    value: "FORMAT",
    help: "what the image is: raw or qcow2 (required with --disk)",
    field: "domain.disks[0].format",
  },
  {
    name: "disk-bus",
    value: "BUS",
    help: "what it is attached to: virtio (default), sata or scsi",
    field: "domain.disks[0].bus",
  },
  { name: "disk-readonly", help: "the guest may not write to it", field: "domain.disks[0].readonly" },
  {
    name: "kernel",
    value: "PATH",
    help: "a kernel to boot directly; without one the disk is booted",
    field: "domain.boot.kernel.kernel_path",
  },
  { name: "initrd", value: "PATH", help: "its initial RAM disk", field: "domain.boot.kernel.initrd_path" },
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
  },
  {
    name: "claim-id",
    value: "ID",
    fresh: true,
    help: "your name for the claim; repeat it to retry safely (default: a new UUID)",
    field: "claim_id",
  },
  { name: "dry-run", help: "check and place, and do nothing", field: "validate_only" },
];
