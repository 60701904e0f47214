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
 * libvirt's domains and the guests that are none of them. What Xen has is there, with all that it holds, whatever libvirt says: it
 * takes a domain for off that has not been taken down yet, and is not told what `xl` gives to one that runs.
 */
export function withXenGuests(listed: readonly Domain[], guests: readonly XenGuest[]): readonly Domain[] {
  const found = new Map<DomainId, XenGuest[]>();
  for (const guest of guests) found.set(guest.id, [...(found.get(guest.id) ?? []), guest]);
  const known = new Set(listed.map(({ id }) => id));
  return [
    ...listed.map((domain) => withAllOf(found.get(domain.id) ?? [], domain)),
    ...[...found].flatMap(([id, [first, ...more]]) =>
      first === undefined || known.has(id) ? [] : [withAllOf(more, unlisted(first))],
    ),
  ];
}

/** Guests under one UUID, as `xl` makes them of one definition twice, are one domain with all that any of them has. */
function withAllOf(guests: readonly XenGuest[], domain: Domain): Domain {
  const [first] = guests;
  if (first === undefined) return domain;
  const { domid = first.domid, state } = domain;
  const pciDevices = new Set([...domain.pciDevices, ...guests.flatMap((guest) => guest.pciDevices)]);
  return { ...domain, domid, state: isAlive(state) ? state : "exists", pciDevices: [...pciDevices] };
}

/** Of its definition xenstore tells no more. */
function unlisted({ domid, id, name, pciDevices }: XenGuest): Domain {
  return {
    ...{ domid, id, name, pciDevices, state: "exists", persistent: false },
    ...{ vcpus: undefined, memoryMib: undefined, mark: undefined },
    ...{ vgpuIds: [], renderNodes: [], files: [], consoles: [] },
  };
}
