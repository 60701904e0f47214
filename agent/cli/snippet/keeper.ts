// Whose guests can take a PCI function: the driver that has it gives it to those of one hypervisor.
import { CliError } from "../errors/cli-error.ts";
import type { PciFunction } from "./device.ts";

/** Xen's; every other that keeps functions for guests is VFIO's, which is KVM's. */
const PCIBACK = "pciback";

/**
 * What has to be done before a domain is given a function that no driver has, as a virtual one that was made and given to nobody;
 * nothing where one keeps it for guests. Neither QEMU nor xl binds it, nor libvirt where it is told not to manage the function.
 */
export function boundFirst(
  { address, driver }: PciFunction,
  form: "libvirt" | "qemu" | "xl",
): readonly string[] {
  if (driver !== "") return [];
  const node = `pci_${address.replace(/[:.]/g, "_")}`;
  const how = {
    libvirt: `the driver for guests: virsh nodedev-detach ${node} (vfio-pci with qemu:///system, pciback with xen:///system)`,
    qemu: `vfio-pci: driverctl --nosave set-override ${address} vfio-pci, or virsh -c qemu:///system nodedev-detach ${node}`,
    xl: `pciback: xl pci-assignable-add ${address}`,
  }[form];
  return [`no driver has ${address} now; before the domain starts give it ${how}`];
}

/** For QEMU. @throws CliError where a function is Xen's to give */
export function requireVfio({ address, driver, vgpuId }: PciFunction): void {
  if (driver !== PCIBACK) return;
  throw new CliError(
    "unsupported",
    `${address} is kept by ${driver}, for guests of Xen: QEMU takes only what VFIO has, which is KVM's`,
    { look: ["snippet", "xl", vgpuId] },
  );
}

/** For xl. @throws CliError where a function is KVM's to give */
export function requirePciback({ address, driver, vgpuId }: PciFunction): void {
  if (driver === PCIBACK || driver === "") return;
  throw new CliError(
    "unsupported",
    `${address} is kept by ${driver}, for guests of KVM: xl gives only what ${PCIBACK} has, which is Xen's`,
    { look: ["snippet", "libvirt", vgpuId] },
  );
}
