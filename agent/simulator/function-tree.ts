// Pure: the files of PCI functions that tell which driver has one, and who holds it by VFIO. What a guest of Xen has no file tells.
import type { PciAddress } from "../core/ids.ts";
import type { Holder } from "../hostd/protocol/messages.ts";
import type { TreeBuilder } from "./entries.ts";
import { isVfio, type PciFunction } from "./pci-functions.ts";

const NO_OVERRIDE = "(null)";

/** Its place on the bus, its IOMMU group, and what its driver makes of it there. */
export function addBinding(tree: TreeBuilder, own: PciFunction, directory: string): void {
  const { address, driver, group, holder, override, unbinding } = own;
  const groups = `sys/kernel/iommu_groups/${group}`;
  tree.link(`sys/bus/pci/devices/${address}`, directory);
  tree.link(`${directory}/subsystem`, "sys/bus/pci");
  tree.link(`${directory}/iommu_group`, groups);
  tree.link(`${groups}/devices/${address}`, directory);
  tree.file(`${directory}/driver_override`, `${override ?? NO_OVERRIDE}\n`);
  if (driver === "none") return;
  // The link goes first, and then the driver waits (drivers/base/dd.c, __device_release_driver).
  if (!unbinding) {
    tree.link(`${directory}/driver`, `sys/bus/pci/drivers/${driver}`);
    tree.link(`sys/bus/pci/drivers/${driver}/${address}`, directory);
  }
  if (!isVfio(driver)) return;
  tree.file(`dev/vfio/${group}`, "");
  addHolder(tree, holder, group);
}

export function addVirtualFunctions(
  tree: TreeBuilder,
  virtual: readonly PciFunction[],
  of: {
    readonly directory: string;
    readonly directoryOf: (address: PciAddress) => string;
    /** Virtual functions have the ids of their GPU. */
    readonly ids: Readonly<Record<string, string>>;
  },
): void {
  for (const own of virtual) {
    const directory = of.directoryOf(own.address);
    for (const [name, text] of Object.entries(of.ids)) tree.file(`${directory}/${name}`, text);
    addBinding(tree, own, directory);
    // The links go before the driver does (pci_iov_remove_virtfn).
    if (own.removing) continue;
    tree.link(`${directory}/physfn`, of.directory);
    tree.link(`${of.directory}/virtfn${(own.virtual?.number ?? 1) - 1}`, directory);
  }
}

/** The process that has the VFIO group open. */
export function addHolder(tree: TreeBuilder, holder: Holder | undefined, group: number): void {
  if (holder === undefined) return;
  const directory = `proc/${holder.pid}`;
  const words =
    holder.domain === undefined ? [holder.command] : [holder.command, "-name", `guest=${holder.domain}`];
  tree.file(`${directory}/comm`, `${holder.command}\n`);
  tree.file(`${directory}/cmdline`, words.map((word) => `${word}\0`).join(""));
  tree.absoluteLink(`${directory}/fd/${group}`, `/dev/vfio/${group}`);
}
