// Whose the slices of mode gvt-g are. Pure.
import type { Inventory } from "./model.ts";

/**
 * Whether they are XenGT's, those that are only promised and those of a GPU that offers none at the moment included: under Xen
 * nothing else makes any. Of which time its interface is a GPU's `vgt` says. False while the host was not looked at.
 */
export function isXengt(inventory: Pick<Inventory, "host"> | undefined): boolean {
  return inventory?.host.hypervisor === "xen";
}

/** Of kernels of 2015 and 2016 alone, for root; below the host's root. Its document calls it otherwise. */
export const VGT_RESOURCES = "sys/kernel/vgt/control/available_resource";
