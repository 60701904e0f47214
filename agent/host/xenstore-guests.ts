// Xen's guests as hostd reads them from xenstore, which the agent itself may not.
import { parseDomainId, parsePciAddress } from "../core/ids.ts";
import type { XenGuest, XenGuestSource } from "../discovery/xen-guests.ts";
import type { XenGuest as ToldGuest } from "../hostd/protocol/messages.ts";
import type { HostdClient } from "./hostd-client.ts";
import { lookFailed } from "./hostd-looks.ts";

/** xenstore answers in milliseconds; a look waits for it as long as for libvirt, which asks it, too. */
const PATIENCE_MS = 10_000;

export class XenstoreGuests implements XenGuestSource {
  readonly #hostd: Pick<HostdClient, "xenDomains">;

  constructor(hostd: Pick<HostdClient, "xenDomains">) {
    this.#hostd = hostd;
  }

  async guests(signal: AbortSignal): Promise<readonly XenGuest[]> {
    const result = await this.#hostd.xenDomains({ signal, deadlineMs: PATIENCE_MS });
    if (result.kind !== "xen-domains") throw lookFailed("ask xenstore for Xen's guests", result);
    return result.domains.map(asFact).filter((guest) => guest !== undefined);
  }
}

function asFact({ domid, uuid, name, pciDevices, vgt }: ToldGuest): XenGuest | undefined {
  const id = parseDomainId(uuid);
  return (
    id && {
      ...{ domid, id, name },
      pciDevices: pciDevices.map(parsePciAddress).filter((address) => address !== undefined),
      ...(vgt && { vgt }),
    }
  );
}
