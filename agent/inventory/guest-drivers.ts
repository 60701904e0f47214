// Which of a PCI function's drivers keep it for a guest, and which one it is given for that. Pure.
import type { HostFacts } from "./model.ts";

/** A driver by which a guest gets a function. */
export type GuestDriver = "vfio-pci" | "xe-vfio-pci" | "pciback";

export interface GuestDrivers {
  /** Of any function. */
  readonly usual: GuestDriver;
  /** Instead, of a virtual function of xe, where it is loaded and libvirt takes what it has. */
  readonly ofXe: GuestDriver;
}

/** xe-vfio-pci knows how to move the state of a function of xe to another host (kernel drivers/vfio/pci/xe, 7.1). */
const BY_VFIO: GuestDrivers = { usual: "vfio-pci", ofXe: "xe-vfio-pci" };
/** Under Xen the host's kernel has no IOMMU, which VFIO needs; it is Xen that gives functions out, those of pciback. */
const BY_XEN: GuestDrivers = { usual: "pciback", ofXe: "pciback" };

export function guestDriversOf(hypervisor: HostFacts["hypervisor"]): GuestDrivers {
  return hypervisor === "xen" ? BY_XEN : BY_VFIO;
}

/** VFIO's and its variants (kernel drivers/vfio/pci, drivers/vfio/pci/xe), and Xen's: a guest can take what they have. */
const GIVING: ReadonlySet<string | undefined> = new Set([
  ...["vfio-pci", "xe-vfio-pci", "i915-vfio-pci", "pciback"],
]);
/** Keeps all other drivers away, and gives to nobody. */
const STUB = "pci-stub";

/** Whether a guest could be started with a function that has this driver. */
export function isGivenByDriver(driver: string | undefined): boolean {
  return GIVING.has(driver);
}

/** Whether the host itself can do nothing with a function that has this driver. */
export function isForGuest(driver: string | undefined): boolean {
  return GIVING.has(driver) || driver === STUB;
}
