// How a GPU's render node is named where a name must stay.
import type { PciAddress } from "./ids.ts";

/** Unlike `renderD128` it stays when cards come and go (systemd rules.d/60-drm.rules). */
export function renderNodeAt(address: PciAddress): string {
  return `/dev/dri/by-path/pci-${address}-render`;
}
