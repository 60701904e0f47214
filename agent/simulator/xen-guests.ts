// The guests of a simulated Xen: those that somebody made by `xl`, and the numbers that all of them share.
import type { PciAddress } from "../core/ids.ts";
import type { XenGuest } from "../hostd/protocol/messages.ts";
import type { HostDescription } from "./host-description.ts";

export type XlGuest = HostDescription["xl_guests"][number];

/** A domain of libvirt's that runs. */
export interface LibvirtGuest {
  readonly domid: number;
  readonly uuid: string;
  readonly name: string;
  readonly type: NonNullable<XenGuest["type"]>;
  readonly pciDevices: readonly PciAddress[];
}

export class XenGuests {
  #lastDomid = 0;
  #ofXl = new Map<string, XenGuest>();

  /** Of the guest that is started next: a number is not given twice as long as the host is up. */
  newDomid(): number {
    this.#lastDomid += 1;
    return this.#lastDomid;
  }

  /** As `xl create`: a name is one guest's. Whether it could be made. */
  create({ name, uuid, type, pci }: XlGuest): boolean {
    if (this.#ofXl.has(name)) return false;
    this.#ofXl.set(name, { domid: this.newDomid(), uuid, name, type, pciDevices: pci });
    return true;
  }

  /** As `xl destroy`. Whether there was such a guest. */
  destroy(name: string): boolean {
    return this.#ofXl.delete(name);
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
