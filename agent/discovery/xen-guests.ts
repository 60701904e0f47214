// Guests that Xen has and libvirt does not list: made by `xl` or another toolstack, and told by xenstore. Pure.
import type { DomainId, PciAddress } from "../core/ids.ts";
import { isAlive, type Domain } from "../inventory/model.ts";
import type { SliceSizes } from "../inventory/share.ts";

/** A guest as xenstore tells it. */
export interface XenGuest {
  /** Its number, another after each start. */
  readonly domid: number;
  readonly id: DomainId;
  readonly name: string;
  /** PCI functions of the host that it has, by the backends that serve them. */
  readonly pciDevices: readonly PciAddress[];
  /** What its device model was to have XenGT make; absent where it was told nothing of that. */
  readonly vgt?: SliceSizes;
}

/** Asks xenstore. Rejects when it cannot be asked. */
export interface XenGuestSource {
  guests(signal: AbortSignal): Promise<readonly XenGuest[]>;
}

/**
 * libvirt's domains and the guests that are none of them. A domain that libvirt takes for off while Xen has it, as under one UUID in
 * both or until Xen has taken it down, is there with all that it holds.
 */
export function withXenGuests(listed: readonly Domain[], guests: readonly XenGuest[]): readonly Domain[] {
  const found = new Map(guests.map((guest) => [guest.id, guest]));
  const known = new Set(listed.map(({ id }) => id));
  return [
    ...listed.map((domain) => {
      const guest = found.get(domain.id);
      if (guest === undefined) return domain;
      const { domid } = guest;
      return isAlive(domain.state) ? { ...domain, domid } : { ...domain, ...heldBy(domain, guest), domid };
    }),
    ...guests.filter(({ id }) => !known.has(id)).map(unlisted),
  ];
}

function heldBy(domain: Domain, guest: XenGuest): Pick<Domain, "state" | "pciDevices"> {
  return { state: "exists", pciDevices: [...new Set([...domain.pciDevices, ...guest.pciDevices])] };
}

/** Of its definition xenstore tells no more. */
function unlisted({ domid, id, name, pciDevices }: XenGuest): Domain {
  return {
    ...{ domid, id, name, pciDevices, state: "exists", persistent: false },
    ...{ vcpus: undefined, memoryMib: undefined, mark: undefined },
    ...{ vgpuIds: [], renderNodes: [], files: [], consoles: [] },
  };
}
