// Disks and CDs of a request.
import * as pb from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import type { Disk } from "../../lifecycle/domain-spec.ts";
import { all, each, formed, invalid, known, refuse, required, unsupportedHere } from "./fields.ts";
import { DISK_SERIAL, MAX_DISKS, PATH } from "./forms.ts";

const formats = {
  [pb.DiskFormat.UNSPECIFIED]: undefined,
  [pb.DiskFormat.UNRECOGNIZED]: undefined,
  [pb.DiskFormat.RAW]: "raw",
  [pb.DiskFormat.QCOW2]: "qcow2",
} as const satisfies Record<pb.DiskFormat, Disk["format"] | undefined>;

const buses = {
  [pb.DiskBus.UNSPECIFIED]: "default",
  [pb.DiskBus.VIRTIO]: "virtio",
  [pb.DiskBus.SATA]: "sata",
  [pb.DiskBus.SCSI]: "scsi",
  [pb.DiskBus.XEN]: "xen",
  [pb.DiskBus.UNRECOGNIZED]: undefined,
} as const satisfies Record<pb.DiskBus, Disk["bus"] | "default" | "xen" | undefined>;

const devices = {
  [pb.DiskDevice.UNSPECIFIED]: "disk",
  [pb.DiskDevice.DISK]: "disk",
  [pb.DiskDevice.CDROM]: "cdrom",
  [pb.DiskDevice.UNRECOGNIZED]: undefined,
} as const satisfies Record<pb.DiskDevice, Disk["device"] | undefined>;

const caches = {
  [pb.DiskCache.UNSPECIFIED]: "default",
  [pb.DiskCache.NONE]: "none",
  [pb.DiskCache.WRITEBACK]: "writeback",
  [pb.DiskCache.WRITETHROUGH]: "writethrough",
  [pb.DiskCache.DIRECTSYNC]: "directsync",
  [pb.DiskCache.UNRECOGNIZED]: undefined,
} as const satisfies Record<pb.DiskCache, Disk["cache"] | "default" | undefined>;

export function parseDisks(disks: readonly pb.Disk[], path: string): readonly Disk[] {
  if (disks.length > MAX_DISKS) throw invalid(path, `must be at most ${MAX_DISKS}, are ${disks.length}`);
  return each(disks, (disk, index) => parseDisk(disk, `${path}[${index}]`));
}

function parseDisk(wire: pb.Disk, path: string): Disk {
  const at = (name: string): string => `${path}.${name}`;
  const parsed = all({
    path: () => formed(at("path"), wire.path, PATH),
    format: () => parseFormat(wire.format, at("format")),
    device: () => known(devices[wire.device], at("device")),
    bus: () => parseBus(wire.bus, at("bus")),
    cache: () => known(caches[wire.cache], at("cache")),
    serial: () => (wire.serial === "" ? undefined : formed(at("serial"), wire.serial, DISK_SERIAL)),
  });
  const { device, cache } = parsed;
  const cd = device === "cdrom";
  const bus = parsed.bus === "default" ? (cd ? "sata" : "virtio") : parsed.bus;
  refuse([
    cd && bus === "virtio" && invalid(at("bus"), "cannot be VIRTIO for a CD; SATA and SCSI can"),
    cd && wire.discard && invalid(at("discard"), "means nothing to a CD, which is never written"),
    // QEMU has no such drive: a SATA disk is an IDE disk to it, whose guest may always write.
    !cd &&
      bus === "sata" &&
      wire.readonly &&
      invalid(at("readonly"), "cannot be had by a SATA disk; use VIRTIO, SCSI or a CD"),
  ]);
  return {
    ...parsed,
    ...{ source: "file", backing: [], device, bus, readonly: wire.readonly || cd, discard: wire.discard },
    cache: cache === "default" ? undefined : cache,
  };
}

function parseFormat(format: pb.DiskFormat, field: string): Disk["format"] {
  if (format === pb.DiskFormat.UNSPECIFIED) throw required(field);
  return known(formats[format], field);
}

function parseBus(wire: pb.DiskBus, field: string): Disk["bus"] | "default" {
  const bus = known(buses[wire], field);
  if (bus === "xen")
    throw unsupportedHere(field, "Xen's block device needs Xen, and this host runs KVM; use VIRTIO");
  return bus;
}
