// What a vGPU needs of its GPU and may only be on its way, as right after a boot. Pure.
import type { Reason } from "../core/reasons.ts";

/** A driver makes the render node, and a GPU is cut into its virtual functions again. */
const COMING: ReadonlySet<Reason> = new Set(["RENDER_NODE_MISSING", "PCI_FUNCTION_MISSING"]);

export function isOnItsWay(reason: Reason): boolean {
  return COMING.has(reason);
}
