// Xen's guests as xenstore tells them, whoever made them, and the PCI functions that each has of this host.
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import type { AllowedFiles } from "./allowed-files.ts";
import { hasCode } from "./kernel-files.ts";
import { FORMS } from "./protocol/forms.ts";
import { MAX_XEN_GUESTS, XEN_GUEST_TYPES, type Result, type XenGuest } from "./protocol/messages.ts";
import { Xenstore, type Channel } from "./xenstore.ts";

const DOMAINS = "/local/domain";
/** The host itself. */
const DOM0 = "0";
const DOMID = /^[0-9]{1,5}$/;
const MAX_NAME_LENGTH = 128;

export function xenDomains(files: AllowedFiles): Result {
  const fd = openXenbus(files);
  try {
    const channel: Channel = {
      write: (bytes) => {
        for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
      },
      read: (into) => readSync(fd, into),
    };
    const domains = guestsIn(new Xenstore(channel));
    if (domains.length <= MAX_XEN_GUESTS) return { kind: "xen-domains", domains };
    return { kind: "failed", why: `xenstore has ${domains.length} guests, more than ${MAX_XEN_GUESTS}` };
  } finally {
    closeSync(fd);
  }
}

/** In /proc a plain file, where xenfs is mounted, as Xen's own services do; the device node is the same (xenbus_dev_frontend.c). */
function openXenbus(files: AllowedFiles): number {
  const flags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NOCTTY;
  try {
    return openSync(files.resolved("xenbusFile", {}), flags);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return openSync(files.resolved("xenbusDevice", {}), flags);
  }
}

/** Without the host itself and the domains that run a guest's device model. */
export function guestsIn(store: Xenstore): readonly XenGuest[] {
  return store
    .names(DOMAINS)
    .filter((domid) => DOMID.test(domid) && domid !== DOM0)
    .map((domid) => guestIn(store, domid))
    .filter((guest) => guest !== undefined);
}

/**
 * Undefined for a device model's domain, which has its guest's number as `target` (libxl_dm.c), and for one that ends while it is
 * read: its number goes first.
 */
function guestIn(store: Xenstore, domid: string): XenGuest | undefined {
  const own = `${DOMAINS}/${domid}`;
  const vm = store.value(`${own}/vm`);
  const uuid = vm?.slice(vm.lastIndexOf("/") + 1).toLowerCase() ?? "";
  if (!FORMS.uuid.test(uuid) || store.value(`${own}/target`) !== undefined) return undefined;
  const name = store.value(`${own}/name`) ?? "";
  const told = store.value(`/libxl/${domid}/type`);
  const type = XEN_GUEST_TYPES.find((known) => known === told);
  const guest = { domid: Number(domid), uuid, name: printable(name), pciDevices: devicesOf(store, domid) };
  return type === undefined ? guest : { ...guest, type };
}

/** What the host's half of Xen's PCI bus has for the guest; of any kind of guest (libxl_pci.c, libxl__device_pci_add_xenstore). */
function devicesOf(store: Xenstore, domid: string): readonly string[] {
  const backends = `${DOMAINS}/${DOM0}/backend/pci/${domid}`;
  return store.names(backends).flatMap((bus) =>
    store
      .names(`${backends}/${bus}`)
      .filter((name) => /^dev-[0-9]{1,3}$/.test(name))
      .map((name) => store.value(`${backends}/${bus}/${name}`) ?? "")
      .filter((address) => FORMS.device.test(address)),
  );
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\u00a0-\uffff]/g, "?").slice(0, MAX_NAME_LENGTH);
}
