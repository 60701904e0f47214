// Disks and CDs, named in the order they came.
import type { Builder } from "../core/xml-builder.ts";
import type { Disk, DomainSpec } from "./domain-spec.ts";

const prefixes = { virtio: "vd", sata: "sd", scsi: "sd" } as const satisfies Record<Disk["bus"], string>;

export function addDisks(devices: Builder, { disks, seedIso }: DomainSpec): void {
  const all = seedIso === undefined ? disks : [...disks, cdOf(seedIso)];
  // Without it libvirt takes a controller that few guests have a driver for.
  if (all.some(({ bus }) => bus === "scsi"))
    devices.ele("controller", { type: "scsi", index: "0", model: "virtio-scsi" });
  const taken = { vd: 0, sd: 0 };
  let unit = 0;
  for (const disk of all) {
    const prefix = prefixes[disk.bus];
    const element = addDisk(devices, disk, `${prefix}${letters(taken[prefix])}`);
    taken[prefix] += 1;
    // By its name a SCSI disk would get a controller of its own after every seventh.
    if (disk.bus !== "scsi") continue;
    element.ele("address", { type: "drive", controller: "0", bus: "0", target: "0", unit: String(unit) });
    unit += 1;
  }
}

function addDisk(devices: Builder, disk: Disk, name: string): Builder {
  const { path, source, format, bus, readonly, device, cache, discard, serial } = disk;
  const element = devices.ele("disk", { type: source, device });
  element.ele("driver", {
    ...{ name: "qemu", type: format },
    ...(cache === undefined ? {} : { cache }),
    ...(discard ? { discard: "unmap" } : {}),
  });
  element.ele("source", source === "file" ? { file: path } : { dev: path });
  element.ele("target", { dev: name, bus });
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
