// What a vGPU needs of its GPU and may only be on its way, as right after a boot. Pure.
import type { Reason } from "../core/reasons.ts";

/** A driver makes the render node, a GPU is cut into its virtual functions again, and what gives functions to guests is loaded. */
const COMING: ReadonlySet<Reason> = new Set([
  "RENDER_NODE_MISSING",
  "PCI_FUNCTION_MISSING",
  "VFIO_NOT_LOADED",
  "XEN_PCIBACK_MISSING",
]);

export function isOnItsWay(reason: Reason): boolean {
  return COMING.has(reason);
}
