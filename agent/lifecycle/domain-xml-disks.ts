// Disks and CDs, named in the order they came.
import type { Builder } from "../core/xml-builder.ts";
import type { Disk, DomainSpec, XenSpec } from "./domain-spec.ts";

const prefixes = { virtio: "vd", sata: "sd", scsi: "sd", xen: "xvd" } as const satisfies Record<
  Disk["bus"],
  string
>;
/** Drives that an HVM guest's device model emulates (libxl_dm.c). */
const EMULATED_DRIVES = 4;

export function addDisks(devices: Builder, { disks, seedIso }: DomainSpec): void {
  const all = seedIso === undefined ? disks : [...disks, cdOf(seedIso)];
  // Without it libvirt takes a controller that few guests have a driver for.
  if (all.some(({ bus }) => bus === "scsi"))
    devices.ele("controller", { type: "scsi", index: "0", model: "virtio-scsi" });
  const taken = { vd: 0, sd: 0, xvd: 0 };
  let unit = 0;
  for (const disk of all) {
    const prefix = prefixes[disk.bus];
    const dev = `${prefix}${letters(taken[prefix])}`;
    const element = addDisk(devices, disk, { dev, bus: disk.bus, driver: "qemu" });
    taken[prefix] += 1;
    // By its name a SCSI disk would get a controller of its own after every seventh.
    if (disk.bus !== "scsi") continue;
    element.ele("address", { type: "drive", controller: "0", bus: "0", target: "0", unit: String(unit) });
    unit += 1;
  }
}

/**
 * A letter for each disk and CD: by it the emulated drives are numbered, whether the name begins with `xvd` or `hd`. The seed is a
 * CD for as long as there are drives, and otherwise a disk, which guests find by its label just so.
 */
export function addXenDisks(devices: Builder, { disks, seedIso, xenGuestType }: XenSpec): void {
  for (const [index, disk] of disks.entries()) addXenDisk(devices, disk, index);
  if (seedIso === undefined) return;
  const hasDrive = xenGuestType === "hvm" && disks.length < EMULATED_DRIVES;
  addXenDisk(devices, { ...cdOf(seedIso), device: hasDrive ? "cdrom" : "disk" }, disks.length);
}

function addXenDisk(devices: Builder, disk: Disk, index: number): void {
  const [prefix, bus] = disk.device === "cdrom" ? ["hd", "ide"] : [prefixes.xen, "xen"];
  addDisk(devices, disk, { dev: `${prefix}${letters(index)}`, bus, driver: xenDriverOf(disk) });
}

/** What the host's kernel can serve by itself needs no process for it, and is counted. */
function xenDriverOf({ source, format }: Disk): "phy" | "qemu" {
  return source === "block" && format === "raw" ? "phy" : "qemu";
}

interface Target {
  readonly dev: string;
  readonly bus: string;
  readonly driver: "phy" | "qemu";
}

function addDisk(devices: Builder, disk: Disk, { dev, bus, driver }: Target): Builder {
  const { path, source, format, readonly, device, cache, discard, serial } = disk;
  const element = devices.ele("disk", { type: source, device });
  element.ele("driver", {
    ...{ name: driver, type: format },
    ...(cache === undefined ? {} : { cache }),
    ...(discard ? { discard: "unmap" } : {}),
  });
  element.ele("source", source === "file" ? { file: path } : { dev: path });
  element.ele("target", { dev, bus });
  if (readonly) element.ele("readonly");
  if (serial !== undefined) element.ele("serial").txt(serial);
  return element;
}

function cdOf(path: string): Disk {
  return {
    ...{ path, source: "file", backing: [], format: "raw", bus: "sata", device: "cdrom", readonly: true },
    ...{ cache: undefined, discard: false, serial: undefined },
  };
}

/** `a` to `z`, then `aa`. */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : `${letters(Math.floor(index / 26) - 1)}${last}`;
}
