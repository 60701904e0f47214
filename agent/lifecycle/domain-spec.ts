// The domain that a caller asks for, as typed values. XML is made from them at the last moment (domain-xml.ts).
import type { DomainId } from "../core/ids.ts";
import type { OnStop } from "../inventory/model.ts";

export interface DomainSpec {
  readonly id: DomainId;
  /** Unique on the host; 1 to 64 of letters, digits and `._+-`, beginning with a letter or digit. */
  readonly name: string;
  /** 1 to 256. */
  readonly vcpus: number;
  /** Pinned in full while the slice is attached: VFIO maps all of it. */
  readonly memoryMib: number;
  readonly disk: Disk | undefined;
  /** A kernel to boot directly, without firmware or boot loader. */
  readonly kernelBoot: KernelBoot | undefined;
  readonly vnc: Vnc | undefined;
  readonly onStop: OnStop;
}

/** An image file. vgpud never creates, resizes or deletes one. */
export interface Disk {
  /** Absolute, resolved (links and backing chain too) below a storage root. */
  readonly path: string;
  readonly format: "raw" | "qcow2";
  readonly bus: "virtio" | "sata" | "scsi";
  readonly readonly: boolean;
}

export interface KernelBoot {
  readonly kernel: string;
  readonly initrd: string | undefined;
  readonly cmdline: string | undefined;
}

export interface Vnc {
  /** Loopback unless the caller says otherwise. */
  readonly listen: string;
  /** Undefined: libvirt takes a free one from 5900 up. */
  readonly port: number | undefined;
}
