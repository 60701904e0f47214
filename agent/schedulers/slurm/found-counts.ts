// What slurmctld found each count of vgpud's to be when the node registered last, as far as that can be known: it tells nobody.
import { foundBefore, isCountChanged } from "./drains.ts";
import { GRES } from "./names.ts";
import type { NodeTold } from "./told.ts";
import { counted } from "./wanted.ts";

export class FoundCounts {
  readonly #last = new Map<string, number>();

  /** To be told of each look at the node: of what jobs have some of, the count is what it was before, whatever it has been made since. */
  looked({ gres, used, invalid }: NodeTold): void {
    if (invalid) return;
    for (const name of Object.values(GRES))
      if (!used.has(name) || !this.#last.has(name)) this.#last.set(name, counted(gres, name));
  }

  /** The node has registered, or will before jobs may have any, with these. */
  counts(counts: ReadonlyMap<string, number>): void {
    for (const [name, count] of counts) this.#last.set(name, count);
  }

  /** What it has to count again, by name, to be fit for jobs; empty where it is, or is unfit for another reason. */
  missing({ invalid, reason }: NodeTold): ReadonlyMap<string, number> {
    return invalid && isCountChanged(reason) ? new Map([...this.#last, ...foundBefore(reason)]) : new Map();
  }
}
