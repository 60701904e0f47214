// The account of the domains that render on a GPU by virtio-gpu. Neither kernel nor QEMU bounds or counts them: each is one more
// process that has the render node open. So there is how many there are, and no number of how many there could be. Pure.
import type { Gpu } from "../../inventory/model.ts";
import type { DomainUses, Used } from "./domain-use.ts";

/** Undefined while libvirt is away. A domain that is off has no seat: it takes none from anybody. */
export function seatsUsed(gpu: Gpu, uses: DomainUses): Used | undefined {
  const seats = uses?.filter(
    ({ alive, renderNodes }) => alive && renderNodes.some((node) => isNodeOf(gpu, node)),
  );
  const own = seats?.filter((seat) => seat.own).length ?? 0;
  return seats && { own, foreign: seats.length - own };
}

/** The node may be named by where its GPU is, which card numbers do not tell (systemd rules.d/60-drm.rules). */
function isNodeOf({ address, drmRender }: Gpu, node: string): boolean {
  if (drmRender === undefined) return false;
  return node === `/dev/dri/${drmRender}` || node === `/dev/dri/by-path/pci-${address}-render`;
}
