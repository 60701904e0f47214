// The current view of the host, one object that readers share. A new look that shows the same keeps the revision.
import { isDeepStrictEqual } from "node:util";
import type { Inventory } from "./model.ts";

export class Snapshot {
  #current: Inventory | undefined;

  /** Undefined until the first complete look. */
  get current(): Inventory | undefined {
    return this.#current;
  }

  /** Takes a look in and returns the view that stands now. */
  update(observation: Omit<Inventory, "revision">): Inventory {
    const before = this.#current;
    const same = before !== undefined && isDeepStrictEqual(facts(before), facts(observation));
    const revision = same ? before.revision : (before?.revision ?? 0) + 1;
    this.#current = { ...observation, revision };
    return this.#current;
  }
}

function facts({ host, gpus, vgpus, domains }: Omit<Inventory, "revision">): unknown {
  return { host, gpus, vgpus, domains };
}
