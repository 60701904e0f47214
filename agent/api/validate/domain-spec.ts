// From a domain as it came over the wire to one that can be built: every served field checked, every other refused.
import * as z from "zod";
import * as pb from "../../../proto/gen/vgpud/v1/domain_spec.ts";
import { OnStop as WireOnStop } from "../../../proto/gen/vgpud/v1/claim.ts";
import { parseDomainId, type DomainId } from "../../core/ids.ts";
import type { OnStop } from "../../inventory/model.ts";
import type { Disk, DomainSpec, KernelBoot, Vnc } from "../../lifecycle/domain-spec.ts";
import { formed, inRange, invalid, join, notServed, refuseUnserved, required } from "./fields.ts";

const NAME = {
  pattern: /^[A-Za-z0-9][A-Za-z0-9._+-]*$/,
  maxBytes: 64,
  described: "1 to 64 letters, digits and ._+- with a letter or digit first",
};
// libvirt's XML and QEMU's option strings both take a path as text: control characters have no business in either.

const PATH = {
  pattern: /^\/[^\x00-\x1f\x7f]+$/,
  maxBytes: 4096,
  described: "an absolute path of 2 to 4096 bytes",
};
const CMDLINE = /^[\x20-\x7e]{0,2048}$/;

const VCPUS = { min: 1, max: 256 };
const MEMORY_MIB = { min: 16, max: 4_194_304 };
const VNC_PORT = { min: 5900, max: 65_535 };
const ADDRESS = z.union([z.ipv4(), z.ipv6()]);
const LOOPBACK = "127.0.0.1";

const formats = {
  [pb.DiskFormat.UNSPECIFIED]: undefined,
  [pb.DiskFormat.UNRECOGNIZED]: undefined,
  [pb.DiskFormat.RAW]: "raw",
  [pb.DiskFormat.QCOW2]: "qcow2",
} as const satisfies Record<pb.DiskFormat, Disk["format"] | undefined>;

const buses = {
  [pb.DiskBus.UNSPECIFIED]: "virtio",
  [pb.DiskBus.VIRTIO]: "virtio",
  [pb.DiskBus.SATA]: "sata",
  [pb.DiskBus.SCSI]: "scsi",
  [pb.DiskBus.XEN]: "not-served",
  [pb.DiskBus.UNRECOGNIZED]: undefined,
} as const satisfies Record<pb.DiskBus, Disk["bus"] | "not-served" | undefined>;

const onStops = {
  [WireOnStop.UNSPECIFIED]: "hold",
  [WireOnStop.HOLD]: "hold",
  [WireOnStop.RELEASE]: "release",
  [WireOnStop.UNRECOGNIZED]: undefined,
} as const satisfies Record<WireOnStop, OnStop | undefined>;

/** `path` is the message's own; `newId` gives the UUID of a domain that came without one. */
export function parseDomainSpec(
  spec: pb.DomainSpec | undefined,
  path: string,
  newId: () => DomainId,
): DomainSpec {
  if (!spec) throw required(path);
  const fields = ["name", "uuid", "vcpus", "memoryMib", "disks", "boot", "graphics", "onStop"] as const;
  refuseUnserved(spec, { unset: pb.DomainSpec.create(), fields, path });
  const at = (name: string): string => join(path, name);
  const disk = parseDisks(spec.disks, at("disks"));
  const kernelBoot = parseBoot(spec.boot, at("boot"));
  const parsed = {
    id: parseId(spec.uuid, at("uuid"), newId),
    name: formed(at("name"), spec.name, NAME),
    vcpus: inRange(at("vcpus"), spec.vcpus, VCPUS),
    memoryMib: inRange(at("memory_mib"), spec.memoryMib, MEMORY_MIB),
    disk,
    kernelBoot,
    vnc: parseGraphics(spec.graphics, at("graphics")),
    onStop: known(onStops[spec.onStop], at("on_stop")),
  };
  if (!disk && !kernelBoot) throw required(at("boot"));
  return parsed;
}

function parseId(uuid: string, field: string, newId: () => DomainId): DomainId {
  if (uuid === "") return newId();
  const id = parseDomainId(uuid);
  if (!id || /^[0-]+$/.test(id)) throw invalid(field, "must be a UUID of 36 characters, not all zero");
  return id;
}

function parseDisks(disks: readonly pb.Disk[], path: string): Disk | undefined {
  const [disk, second] = disks;
  if (second) throw notServed(`${path}[1]`);
  if (!disk) return undefined;
  const at = (name: string): string => `${path}[0].${name}`;
  const fields = ["path", "format", "bus", "readonly"] as const;
  refuseUnserved(disk, { unset: pb.Disk.create(), fields, path: `${path}[0]` });
  const bus = known(buses[disk.bus], at("bus"));
  if (bus === "not-served") throw notServed(at("bus"));
  if (disk.format === pb.DiskFormat.UNSPECIFIED) throw required(at("format"));
  return {
    path: formed(at("path"), disk.path, PATH),
    format: known(formats[disk.format], at("format")),
    bus,
    readonly: disk.readonly,
  };
}

function parseBoot(boot: pb.Boot | undefined, path: string): KernelBoot | undefined {
  if (!boot) return undefined;
  const { source } = boot;
  if (!source) throw required(path);
  if (source.$case !== "kernel") throw notServed(join(path, source.$case));
  const { kernelPath, initrdPath, cmdline } = source.value;
  const at = (name: string): string => join(path, `kernel.${name}`);
  if (!CMDLINE.test(cmdline)) throw invalid(at("cmdline"), "must be at most 2048 printable ASCII characters");
  return {
    kernel: formed(at("kernel_path"), kernelPath, PATH),
    initrd: initrdPath === "" ? undefined : formed(at("initrd_path"), initrdPath, PATH),
    cmdline: cmdline === "" ? undefined : cmdline,
  };
}

function parseGraphics(graphics: pb.Graphics | undefined, path: string): Vnc | undefined {
  if (!graphics) return undefined;
  refuseUnserved(graphics, { unset: pb.Graphics.create(), fields: ["vnc"], path });
  const { vnc } = graphics;
  if (!vnc) return undefined;
  const listen = vnc.listen === "" ? LOOPBACK : vnc.listen;
  if (!ADDRESS.safeParse(listen).success)
    throw invalid(join(path, "vnc.listen"), "must be an IPv4 or IPv6 address");
  return {
    listen,
    port: vnc.port === undefined ? undefined : inRange(join(path, "vnc.port"), vnc.port, VNC_PORT),
  };
}

/** A value that this release does not know came from a newer client; guessing at it would be ignoring it. */
function known<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw invalid(field, "has a value that is not known to this release");
  return value;
}
