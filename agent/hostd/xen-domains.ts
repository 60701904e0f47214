// Xen's guests as xenstore tells them, whoever made them, and what each has of this host: PCI functions and a slice of XenGT.
import type { AllowedFiles } from "./allowed-files.ts";
import { commandLineOf } from "./command-lines.ts";
import { sliceOf, type CommandLines } from "./device-models.ts";
import { printable } from "./printable.ts";
import { FORMS } from "./protocol/forms.ts";
import { MAX_XEN_GUESTS, XEN_GUEST_TYPES, type Result, type XenGuest } from "./protocol/messages.ts";
import { askXenstore } from "./xenbus.ts";
import type { Xenstore } from "./xenstore.ts";

const DOMAINS = "/local/domain";
/** The host itself. */
const DOM0 = "0";
const DOMID = /^[0-9]{1,5}$/;
const MAX_NAME_LENGTH = 128;

export function xenDomains(files: AllowedFiles): Result {
  const domains = askXenstore(files, (store) => guestsIn(store, (pid) => commandLineOf(files, pid)));
  if (domains.length <= MAX_XEN_GUESTS) return { kind: "xen-domains", domains };
  return { kind: "failed", why: `xenstore has ${domains.length} guests, more than ${MAX_XEN_GUESTS}` };
}

/** Without the host itself and the domains that run a guest's device model. */
export function guestsIn(store: Xenstore, commandLines: CommandLines): readonly XenGuest[] {
  return store
    .names(DOMAINS)
    .filter((domid) => DOMID.test(domid) && domid !== DOM0)
    .map((domid) => guestIn(store, domid, commandLines))
    .filter((guest) => guest !== undefined);
}

/**
 * Undefined for a device model's domain, which has its guest's number as `target` (libxl_dm.c), and for one that ends while it is
 * read: its number goes first.
 */
function guestIn(store: Xenstore, domid: string, commandLines: CommandLines): XenGuest | undefined {
  const own = `${DOMAINS}/${domid}`;
  const vm = store.value(`${own}/vm`);
  const uuid = vm?.slice(vm.lastIndexOf("/") + 1).toLowerCase() ?? "";
  if (!FORMS.uuid.test(uuid) || store.value(`${own}/target`) !== undefined) return undefined;
  const name = store.value(`${own}/name`) ?? "";
  const told = store.value(`/libxl/${domid}/type`);
  const type = XEN_GUEST_TYPES.find((known) => known === told);
  const vgt = sliceOf(store, domid, commandLines);
  return {
    ...{ domid: Number(domid), uuid, name: printable(name, MAX_NAME_LENGTH) },
    ...(type === undefined ? {} : { type }),
    pciDevices: devicesOf(store, domid),
    ...(vgt === undefined ? {} : { vgt }),
  };
}

/** The numbers of those that have one of the functions. Device models' domains are among them, which hold it for their guest. */
export function guestsWith(store: Xenstore, devices: ReadonlySet<string>): readonly number[] {
  return store
    .names(DOMAINS)
    .filter((domid) => DOMID.test(domid) && domid !== DOM0)
    .filter((domid) => devicesOf(store, domid).some((device) => devices.has(device)))
    .map(Number);
}

/** Empty for one that has none, or is gone. */
export function nameOfGuest(store: Xenstore, domid: number): string {
  return printable(store.value(`${DOMAINS}/${domid}/name`) ?? "", MAX_NAME_LENGTH);
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
