// The account of the domains that render on a GPU by virtio-gpu. Neither kernel nor QEMU bounds or counts them: each is one more
// process that has the render node open. So there is how many there are, and no number of how many there could be. Pure.
import type { Gpu } from "../../inventory/model.ts";
import { rendersOn } from "../../inventory/standing.ts";
import type { DomainUses, Used } from "./domain-use.ts";

/**
 * `promised`: seats of this host's claims, which are taken whether their domains are on or off. One of others that is off has
 * none: it takes nothing from anybody. Undefined while libvirt is away.
 */
export function seatsUsed(gpu: Gpu, promised: number, uses: DomainUses): Used | undefined {
  const foreign = uses?.filter(
    ({ own, alive, renderNodes }) => !own && alive && renderNodes.some((node) => rendersOn(gpu, node)),
  );
  return foreign && { own: promised, foreign: foreign.length };
}
