// Has Slurm count what it ought to, and keeps jobs from the node while none may come.
import type { OnCarriedOut } from "../carried-out.ts";
import { COUNTING, nextDrain } from "./drains.ts";
import { FoundCounts, type CountsRecord, type Fault } from "./found-counts.ts";
import type { Goal } from "./goal.ts";
import type { Limits, SlurmNode } from "./node.ts";
import type { NodeTold } from "./told.ts";
import { changedCounts, gresToSet, nextCounts } from "./wanted.ts";

interface TellingOptions {
  /** As in FoundCounts. */
  readonly record: CountsRecord | undefined;
  readonly onCarriedOut: OnCarriedOut | undefined;
}

interface Until {
  /** vgpud stops: nothing new is begun. */
  readonly stop: AbortSignal;
  /** And what was begun has to end, too. */
  readonly late: AbortSignal;
}

export class Telling {
  readonly #found: FoundCounts;
  readonly #onCarriedOut: OnCarriedOut | undefined;

  constructor({ record, onCarriedOut }: TellingOptions) {
    this.#found = new FoundCounts(record);
    this.#onCarriedOut = onCarriedOut;
  }

  async look(node: SlurmNode, signal: AbortSignal): Promise<NodeTold> {
    const told = await node.look(signal);
    this.#found.looked(told, node.name);
    return told;
  }

  /** Of a node that slurmctld takes for unfit. */
  faultOf(told: NodeTold, limits: Limits): Fault {
    return this.#found.fault(told, limits);
  }

  /**
   * Nothing where the node is as it ought to be by `told`. Whatever is ordered is ordered by what the node is right before: somebody else's
   * word of a moment ago holds, but for the milliseconds between the two. The node is not left drained for counts when `stop` aborts, unless
   * Slurm takes so long then that `late` does, too.
   */
  async tell(
    node: SlurmNode,
    { told, goal }: { readonly told: NodeTold; readonly goal: Goal },
    { stop, late }: Until,
  ): Promise<void> {
    if (!this.#counts(told, goal) && !nextDrain(told, goal.why)) return;
    stop.throwIfAborted();
    try {
      await this.#count(node, goal, { stop, late });
    } finally {
      await this.#drain(node, goal, late);
    }
  }

  /**
   * Has Slurm count what jobs may have, as far as none has some of it. Slurm finds the new counts when the node registers, which undraining
   * it brings about, and no job may get any of them before that.
   */
  async #count(node: SlurmNode, goal: Goal, { stop, late }: Until): Promise<void> {
    let now = await this.look(node, late);
    if (!this.#counts(now, goal)) return;
    // The next vgpud counts: this one has the end of a drain to see to at most.
    stop.throwIfAborted();
    if (!now.drained && !now.away) {
      await this.#shut(node, COUNTING, late);
      now = await this.look(node, late);
    }
    const next = this.#counts(now, goal);
    if (!next) return;
    stop.throwIfAborted();
    await node.setGres(gresToSet(now, next), late);
    this.#found.counts(next, now, node.name);
    const counts = changedCounts(now.gres, next);
    const why = Object.keys(counts).some((name) => now.used.has(name)) ? SET_BACK : WANTED;
    this.#onCarriedOut?.({ what: node.name, order: "counts", why, counts });
  }

  /** Undefined where it counts them already. */
  #counts(told: NodeTold, { wanted, limits }: Goal): ReadonlyMap<string, number> | undefined {
    return nextCounts(told, wanted, this.#found.former(told, limits));
  }

  async #drain(node: SlurmNode, { why }: Goal, signal: AbortSignal): Promise<void> {
    // Slurm may have taken counts although vgpud was not answered so: they are known before a job has some of them.
    const told = await this.look(node, signal);
    const order = nextDrain(told, why);
    if (order?.state === "drain") await this.#shut(node, order.reason, signal);
    if (order?.state !== "undrain") return;
    await node.undrain(signal);
    this.#onCarriedOut?.({ what: node.name, order: "undrain", ended: told.reason });
  }

  async #shut(node: SlurmNode, why: string, signal: AbortSignal): Promise<void> {
    await node.drain(why, signal);
    this.#onCarriedOut?.({ what: node.name, order: "drain", why });
  }
}

/** Why counts are changed. One that jobs have some of is changed only to be set back. */
const WANTED = "that is what jobs may have of this host";
const SET_BACK = "that is what Slurm counted before jobs had some of it, and it takes none here otherwise";
