// The domains of others that render on a GPU by virtio-gpu. Neither kernel nor QEMU bounds or counts them: each is one more process
// that has the render node open. Pure.
import type { Gpu } from "../../inventory/model.ts";
import { rendersOn } from "../../inventory/standing.ts";
import type { DomainUse, DomainUses } from "./domain-use.ts";

/** Undefined while libvirt is away. A domain that is off takes nothing from anybody. */
export function foreignSeats(gpu: Gpu, uses: DomainUses): readonly DomainUse[] | undefined {
  return uses?.filter(
    ({ own, alive, renderNodes }) => !own && alive && renderNodes.some((node) => rendersOn(gpu, node)),
  );
}
