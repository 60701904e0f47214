// Slices that XenGT made for domains which are gone. Xen's own tools leave them (they know nothing of XenGT), and the kernel counts
// them for ever; whoever made one has no more use of it, since its number is nobody's now. So they are removed, whosever they were.
import { AgentError } from "../core/errors.ts";
import { isAlive, type Inventory } from "../inventory/model.ts";

export interface SweepOptions {
  /** Removes the slice of a domain, unless that is there, which is asked for once more right before. Throws as `Slices.remove`. */
  readonly remove: (domid: number, signal: AbortSignal) => Promise<"gone" | "held">;
  readonly stop: AbortSignal;
  /** Told of each that went, and of each that did not for another reason than the time before. */
  readonly onEnd: (domid: number, failure: AgentError | undefined) => void;
}

export class Sweep {
  readonly #options: SweepOptions;
  readonly #underWay = new Set<number>();
  readonly #failed = new Map<number, string>();

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  /** Begins what is to be done; the next look shows what came of it. */
  look(inventory: Inventory): void {
    for (const domid of leftIn(inventory)) if (!this.#underWay.has(domid)) void this.#remove(domid);
  }

  async #remove(domid: number): Promise<void> {
    const { remove, stop, onEnd } = this.#options;
    this.#underWay.add(domid);
    try {
      const outcome = await remove(domid, stop);
      this.#failed.delete(domid);
      if (outcome === "gone") onEnd(domid, undefined);
    } catch (error) {
      const failure = AgentError.from(error);
      if (this.#failed.get(domid) !== failure.reason && !stop.aborted) onEnd(domid, failure);
      this.#failed.set(domid, failure.reason);
    } finally {
      this.#underWay.delete(domid);
    }
  }
}

/**
 * While it is not known which domains there are, none is gone; nor while xenstore, which hostd asks, too, has not all that libvirt has:
 * it may have lost them, as by a restart, and its word would take the slice from under a guest.
 */
function leftIn({ vgpus, domains }: Inventory): readonly number[] {
  if (!domains.known) return [];
  const isShort = [...domains.value.values()].some(
    ({ state, domid }) => isAlive(state) && domid === undefined,
  );
  if (isShort) return [];
  const named = new Set([...domains.value.values()].flatMap(({ vgpuIds }) => vgpuIds));
  return [...vgpus.values()].flatMap(({ id, domid }) =>
    domid === undefined || named.has(id) ? [] : [domid],
  );
}
