// What slurmctld found each count of vgpud's to be when the node registered last, as far as that can be known: it tells nobody.
import { foundBefore } from "./drains.ts";
import { GRES, isOwnGres } from "./names.ts";
import type { NodeTold } from "./told.ts";
import { counted } from "./wanted.ts";

export class FoundCounts {
  readonly #last = new Map<string, number>();
  /** Whether the node was seen to be unfit with another count than that of what jobs have some of. */
  #isChanged = false;

  /** To be told of each look at the node: of what jobs have some of, the count is what it was before, whatever it has been made since. */
  looked(told: NodeTold): void {
    const { gres, used, invalid } = told;
    this.#isChanged = invalid && (this.#isChanged || this.#isAnother(told));
    if (invalid) return;
    for (const name of Object.values(GRES))
      if (!used.has(name) || !this.#last.has(name)) this.#last.set(name, counted(gres, name));
  }

  /** It was told these, with which it registers before jobs may have any of what none has now. */
  counts(counts: ReadonlyMap<string, number>, { used }: Pick<NodeTold, "used">): void {
    for (const [name, count] of counts) if (!used.has(name)) this.#last.set(name, count);
  }

  /** What is to be counted again of what jobs have some of, by name, for the node to be fit for jobs; empty where it is. */
  missing({ invalid, reason }: NodeTold): ReadonlyMap<string, number> {
    return invalid ? new Map([...this.#last, ...foundBefore(reason)]) : new Map();
  }

  /** What became of the node that slurmctld takes for unfit. Of one that was drained before it keeps the reason, which says nothing then. */
  fault(told: NodeTold): Fault {
    const before = foundBefore(told.reason);
    if (TOO_FEW.test(told.reason)) return "too-few";
    if (before.size === 0 && !this.#isChanged) return "not-told";
    const isKnown = [...told.used].every(
      (name) => !isOwnGres(name) || this.#last.has(name) || before.has(name),
    );
    return isKnown ? "changed" : "changed-from-unknown";
  }

  #isAnother({ gres, used }: NodeTold): boolean {
    return [...used].some((name) => (this.#last.get(name) ?? counted(gres, name)) !== counted(gres, name));
  }
}

export type Fault =
  /** A count is another one than before, while jobs have some of it. */
  | "changed"
  /** And it is not known what all of them were. */
  | "changed-from-unknown"
  /** Its slurmd has less than Slurm was told. */
  | "too-few"
  /** Slurm does not say, and nothing of it was seen. */
  | "not-told";

/** gres.c, `_node_config_validate`. */
const TOO_FEW = /^gres\/\w+ count reported lower than configured/;
