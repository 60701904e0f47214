// Whose guests can take a PCI function: the driver that has it gives it to those of one hypervisor.
import { CliError } from "../errors/cli-error.ts";
import type { PciFunction } from "./device.ts";

/** Xen's; every other that keeps functions for guests is VFIO's, which is KVM's. */
const PCIBACK = "pciback";

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
