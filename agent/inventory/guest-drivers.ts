// Which of a PCI function's drivers keep it for a guest. Pure.

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
