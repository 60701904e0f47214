// The guests of a simulated Xen: those that somebody made by `xl`, and the numbers that all of them share.
import type { PciAddress } from "../core/ids.ts";
import type { XenGuest } from "../hostd/protocol/messages.ts";
import type { VgtSizes } from "../hostd/protocol/vgt.ts";
import type { HostDescription } from "./host-description.ts";
import type { VgtErrno } from "./xengt/driver.ts";

export type XlGuest = HostDescription["xl_guests"][number];

/** A domain of libvirt's that runs. */
export interface LibvirtGuest {
  readonly domid: number;
  readonly uuid: string;
  readonly name: string;
  readonly type: NonNullable<XenGuest["type"]>;
  readonly pciDevices: readonly PciAddress[];
  /** The slice of XenGT that its device model made. */
  readonly vgt?: VgtSizes;
}

/** Why `xl` could not make a guest. */
export type XlRefusal = { readonly what: "name" } | { readonly what: "xengt"; readonly errno: VgtErrno };

export class XenGuests {
  /** A write to XenGT's create_vgt_instance. */
  readonly #writeVgt: (line: string) => VgtErrno | undefined;
  #lastDomid = 0;
  #ofXl = new Map<string, XenGuest>();

  constructor(writeVgt: (line: string) => VgtErrno | undefined) {
    this.#writeVgt = writeVgt;
  }

  /** Of the guest that is started next: a number is not given twice as long as the host is up. */
  newDomid(): number {
    this.#lastDomid += 1;
    return this.#lastDomid;
  }

  /** As `xl create`: a name is one guest's. Undefined when it was made. */
  create({ name, uuid, type, pci, xengt }: XlGuest): XlRefusal | undefined {
    if (this.#ofXl.has(name)) return { what: "name" };
    const guest = { domid: this.newDomid(), uuid, name, type, pciDevices: pci };
    if (xengt === undefined) {
      this.#ofXl.set(name, guest);
      return undefined;
    }
    const { low_gm_mib: lowGmMib, high_gm_mib: highGmMib, fences } = xengt;
    const errno = this.#writeVgt([guest.domid, lowGmMib, highGmMib, fences, 1, 0].join(","));
    if (errno !== undefined) return { what: "xengt", errno };
    this.#ofXl.set(name, { ...guest, vgt: { lowGmMib, highGmMib, fences } });
    return undefined;
  }

  /** As `xl destroy` of Xen's own release, which knows nothing of slices. Whether there was such a guest. */
  destroy(name: string): boolean {
    return this.#ofXl.delete(name);
  }

  /** Whether a guest of xl has the function. */
  has(address: PciAddress): boolean {
    return [...this.#ofXl.values()].some(({ pciDevices }) => pciDevices.includes(address));
  }

  /** What xenstore has of them and of those that libvirt runs. */
  withThoseOf(libvirt: readonly LibvirtGuest[]): readonly XenGuest[] {
    return [...this.#ofXl.values(), ...libvirt].sort((a, b) => a.domid - b.domid);
  }

  reboot(): void {
    this.#lastDomid = 0;
    this.#ofXl = new Map();
  }
}
