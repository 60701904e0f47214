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
} as const satisfies Record<pb.DiskBus, Disk["bus"] | "default" | undefined>;

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

/** A disk as it was asked for, of which a hypervisor may have none. */
interface AskedDisk {
  readonly wire: pb.Disk;
  readonly bus: Disk["bus"] | "default";
  readonly device: Disk["device"];
  /** Among the disks and CDs of the domain. */
  readonly index: number;
  readonly at: (name: string) => string;
}

/** The bus that a hypervisor attaches such a disk to. @throws AgentError all that it cannot do about it */
export type DiskRule = (asked: AskedDisk) => Disk["bus"];

export function parseDisks(disks: readonly pb.Disk[], path: string, rule: DiskRule): readonly Disk[] {
  if (disks.length > MAX_DISKS) throw invalid(path, `must be at most ${MAX_DISKS}, are ${disks.length}`);
  return each(disks, (disk, index) => parseDisk(disk, { path: `${path}[${index}]`, index, rule }));
}

function parseDisk(
  wire: pb.Disk,
  { path, index, rule }: { readonly path: string; readonly index: number; readonly rule: DiskRule },
): Disk {
  const at = (name: string): string => `${path}.${name}`;
  const parsed = all({
    path: () => formed(at("path"), wire.path, PATH),
    format: () => parseFormat(wire.format, at("format")),
    device: () => known(devices[wire.device], at("device")),
    bus: () => known(buses[wire.bus], at("bus")),
    cache: () => known(caches[wire.cache], at("cache")),
    serial: () => (wire.serial === "" ? undefined : formed(at("serial"), wire.serial, DISK_SERIAL)),
  });
  const { device, cache } = parsed;
  const cd = device === "cdrom";
  const { bus } = all({
    bus: () => rule({ wire, bus: parsed.bus, device, index, at }),
    discard: () => {
      refuse([cd && wire.discard && invalid(at("discard"), "means nothing to a CD, which is never written")]);
    },
  });
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

export const kvmDisk: DiskRule = ({ wire, bus: asked, device, at }) => {
  if (asked === "xen")
    throw unsupportedHere(at("bus"), "Xen's block device needs Xen, and this host runs KVM; use VIRTIO");
  const cd = device === "cdrom";
  const bus = asked === "default" ? (cd ? "sata" : "virtio") : asked;
  refuse([
    cd && bus === "virtio" && invalid(at("bus"), "cannot be VIRTIO for a CD; SATA and SCSI can"),
    // QEMU has no such drive: a SATA disk is an IDE disk to it, whose guest may always write.
    !cd &&
      bus === "sata" &&
      wire.readonly &&
      invalid(at("readonly"), "cannot be had by a SATA disk; use VIRTIO, SCSI or a CD"),
  ]);
  return bus;
};
