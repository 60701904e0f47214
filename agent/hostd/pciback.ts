// Xen's driver for functions that guests get: which of ours it has, which guest has one of those, and its list of what it takes
// (kernel drivers/xen/xen-pciback/pci_stub.c).
import type { AllowedFiles } from "./allowed-files.ts";
import { hasCode, linkName, writeTo } from "./kernel-files.ts";
import { MAX_HOLDERS, type Holder } from "./protocol/messages.ts";
import { guestsWith, nameOfGuest } from "./xen-domains.ts";
import { askXenstore } from "./xenbus.ts";

export const PCIBACK = "pciback";

/**
 * Guests that have one of the functions that pciback has: the device, or a virtual function of it. The driver itself lets go of one
 * that a guest uses, with a warning in the log, so that it has to be asked before. Where it has none, nobody is asked.
 * @throws NodeJS.ErrnoException, XenstoreError or XenstoreSilence when that cannot be told
 */
export function guestsHolding(
  files: AllowedFiles,
  device: string,
  virtfns: readonly string[],
): readonly Holder[] {
  const virtual = virtfns
    .filter((virtfn) => linkName(files, "virtualDriver", { device, virtfn }) === PCIBACK)
    .flatMap((virtfn) => linkName(files, "virtualFunction", { device, virtfn }) ?? []);
  const own = linkName(files, "driver", { device }) === PCIBACK ? [device] : [];
  const kept = new Set([...own, ...virtual]);
  if (kept.size === 0) return [];
  return askXenstore(files, (store) =>
    guestsWith(store, kept)
      .slice(0, MAX_HOLDERS)
      .map((domid) => ({ pid: 0, command: "guest of Xen", domain: nameOfGuest(store, domid) })),
  );
}

/** Before 4.9 pciback takes only what is on its list, driver_override or not. */
export function listSlot(files: AllowedFiles, device: string): void {
  writeTo(files.resolved("newSlot", {}), device);
}

/** What is on the list pciback takes again at the next chance, before a driver that came after it; it is put there by a bind, too. */
export function unlistSlot(files: AllowedFiles, device: string): void {
  try {
    writeTo(files.resolved("removeSlot", {}), device);
  } catch (error) {
    // It is not on the list, or there is no such driver.
    if (!hasCode(error, "ENOENT")) throw error;
  }
}
