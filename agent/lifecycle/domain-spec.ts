// The domain that a caller asks for, as typed values. XML is made from them at the last moment (domain-xml.ts).
import type { DomainId } from "../core/ids.ts";
import type { Display } from "../core/vgpu-elements.ts";
import type { Labels, OnStop } from "../inventory/model.ts";
import type { RawDomain } from "./raw-xml/raw-domain.ts";

export interface DomainSpec {
  readonly id: DomainId;
  /** Unique on the host; 1 to 64 of letters, digits and `._+-`, beginning with a letter or digit. */
  readonly name: string;
  /** 1 to 256. */
  readonly vcpus: number;
  /** Pinned in full while the slice is attached: VFIO maps all of it. */
  readonly memoryMib: number;
  readonly onStop: OnStop;
  readonly labels: Labels;
  /** Whether it is to run once the host has booted, whatever it did before. */
  readonly autostart: boolean;
  /** libvirt's XML in place of all that follows, which is then unset. */
  readonly raw: RawDomain | undefined;
  /** What kind of Xen guest it is; undefined on a host that runs KVM. */
  readonly xenGuestType: XenGuestType | undefined;

  readonly disks: readonly Disk[];
  /** A read-only CD with the guest's first configuration. Absolute, resolved as a disk's. */
  readonly seedIso: string | undefined;
  /** A kernel to boot directly, without firmware or boot loader. */
  readonly kernelBoot: KernelBoot | undefined;
  /** Undefined beside a kernel; otherwise at least one device. */
  readonly bootOrder: BootOrder | undefined;
  readonly vnc: Console | undefined;
  readonly spice: Console | undefined;
  /** Undefined: the hypervisor's default model, on any host CPU. */
  readonly cpu: Cpu | undefined;
  /** Undefined: memory from any node. */
  readonly numa: NumaTuning | undefined;
  readonly hugePages: HugePages | undefined;
  /** libvirt's name: `q35`, `pc` or a version of them. Means nothing to a Xen guest, whose kind has one machine. */
  readonly machine: string;
  readonly firmware: Firmware;
  readonly nics: readonly Nic[];
  /** Undefined: the vGPU's screen is shown nowhere. */
  readonly display: Display | undefined;
  readonly serial: Serial | undefined;
  readonly igd: IgdOptions | undefined;
  readonly guestAgent: GuestAgent | undefined;
}

/** Full virtualisation with a device model; hardware virtualisation without one; paravirtualised. */
export type XenGuestType = "hvm" | "pvh" | "pv";

/** One of a guest of Xen. */
export type XenSpec = DomainSpec & { readonly xenGuestType: XenGuestType };

export function isForXen(spec: DomainSpec): spec is XenSpec {
  return spec.xenGuestType !== undefined;
}

/** An image file or a block device. vgpud never creates, resizes or deletes one. */
export interface Disk {
  /** Absolute, resolved (links and backing chain too) below a storage root; or a block device as the configuration names it. */
  readonly path: string;
  readonly source: "file" | "block";
  /** The images below it that only are read, resolved. */
  readonly backing: readonly string[];
  readonly format: "raw" | "qcow2";
  /** `xen`: the guest's driver for Xen, and for the first four of an HVM guest an emulated IDE drive as well. */
  readonly bus: "virtio" | "sata" | "scsi" | "xen";
  /** Always so for a CD. */
  readonly readonly: boolean;
  readonly device: "disk" | "cdrom";
  /** Undefined: the hypervisor's default. */
  readonly cache: "none" | "writeback" | "writethrough" | "directsync" | undefined;
  readonly discard: boolean;
  readonly serial: string | undefined;
}

export interface KernelBoot {
  readonly kernel: string;
  readonly initrd: string | undefined;
  readonly cmdline: string | undefined;
}

export interface BootOrder {
  readonly devices: readonly ("disk" | "cdrom" | "network")[];
  /** Milliseconds, at most 65,535. Undefined: no menu. */
  readonly menuMs: number | undefined;
}

/** A VNC or SPICE server of the hypervisor. */
export interface Console {
  /** Loopback unless the caller says otherwise. */
  readonly listen: string;
  /** Undefined: libvirt takes a free one from 5900 up. */
  readonly port: number | undefined;
}

export interface Cpu {
  readonly mode: "host-model" | "host-passthrough" | "custom";
  /** Set for a custom one only. */
  readonly model: string | undefined;
  readonly topology:
    { readonly sockets: number; readonly cores: number; readonly threads: number } | undefined;
  readonly pins: readonly { readonly vcpu: number; readonly hostCpus: string }[];
  readonly emulatorCpus: string | undefined;
  /** Bits of a guest's physical address, 32 to 52. */
  readonly maxPhysBits: number | undefined;
}

export interface NumaTuning {
  readonly mode: "strict" | "preferred" | "interleave";
  /** Empty: the node of the GPU that the slice is on. */
  readonly nodes: readonly number[];
}

export interface HugePages {
  /** Undefined: the host's default size. */
  readonly pageSizeKib: number | undefined;
}

export interface Firmware {
  readonly type: "bios" | "uefi";
  readonly secureBoot: boolean;
  readonly tpm: boolean;
}

export interface Nic {
  readonly to: { readonly network: string } | { readonly bridge: string };
  /** Lower case. Undefined: libvirt makes one. */
  readonly mac: string | undefined;
  readonly model: "virtio" | "e1000e" | "xen";
  readonly mtu: number | undefined;
}

/** Of a processor's graphics that are given to the guest whole. Undefined: the hypervisor's to choose. */
export interface IgdOptions {
  /** The firmware's OpRegion. */
  readonly opregion: boolean | undefined;
  /** The LPC bridge's ids, on machine `pc` only. */
  readonly lpc: boolean | undefined;
  /** To be the guest's first VGA at 00:02.0, beside no emulated card, on machine `pc` only. */
  readonly legacyMode: boolean | undefined;
  /** Stolen memory in the hardware's units, 0 to 255. */
  readonly gms: number | undefined;
  /** Absolute, resolved as a disk's. Undefined: the device's own. */
  readonly romPath: string | undefined;
}

export interface Serial {
  /** Absolute, its directory resolved below a storage root. Undefined: no log. */
  readonly logPath: string | undefined;
}

interface GuestAgent {
  /** Whether the guest is asked to shut down by its agent first; by ACPI only otherwise. */
  readonly shutdown: boolean;
}

/** Every field but the first few that nobody asked for anything in. */
export const plainHardware = {
  raw: undefined,
  xenGuestType: undefined,
  disks: [],
  seedIso: undefined,
  kernelBoot: undefined,
  bootOrder: undefined,
  vnc: undefined,
  spice: undefined,
  cpu: undefined,
  numa: undefined,
  hugePages: undefined,
  machine: "q35",
  firmware: { type: "bios", secureBoot: false, tpm: false },
  nics: [],
  display: undefined,
  serial: undefined,
  igd: undefined,
  guestAgent: undefined,
} as const satisfies Partial<DomainSpec>;
