// Has Slurm count what it ought to, and keeps jobs from the node while none may come.
import { COUNTING, nextDrain } from "./drains.ts";
import { FoundCounts, type Fault } from "./found-counts.ts";
import type { Goal } from "./goal.ts";
import type { SlurmNode } from "./node.ts";
import type { NodeTold } from "./told.ts";
import { gresToSet, nextCounts } from "./wanted.ts";

export class Telling {
  readonly #found = new FoundCounts();

  async look(node: SlurmNode, signal: AbortSignal): Promise<NodeTold> {
    const told = await node.look(signal);
    this.#found.looked(told);
    return told;
  }

  /** Of a node that slurmctld takes for unfit. */
  faultOf(told: NodeTold): Fault {
    return this.#found.fault(told);
  }

  /**
   * Nothing where the node is as it ought to be by `told`. Whatever is ordered is ordered by what the node is right before: somebody else's
   * word of a moment ago holds, but for the milliseconds between the two. What has begun is not stopped by the signal, since the node would be
   * left drained: each program has an end of its own.
   */
  async tell(
    node: SlurmNode,
    { told, goal }: { readonly told: NodeTold; readonly goal: Goal },
    signal: AbortSignal,
  ): Promise<void> {
    if (!this.#counts(told, goal) && !nextDrain(told, goal.why)) return;
    signal.throwIfAborted();
    const unstopped = new AbortController().signal;
    try {
      await this.#count(node, goal, unstopped);
    } finally {
      await this.#drain(node, goal, unstopped);
    }
  }

  /**
   * Has Slurm count what jobs may have, as far as none has some of it. Slurm finds the new counts when the node registers, which undraining
   * it brings about, and no job may get any of them before that.
   */
  async #count(node: SlurmNode, goal: Goal, signal: AbortSignal): Promise<void> {
    let now = await node.look(signal);
    if (!this.#counts(now, goal)) return;
    if (!now.drained && !now.away) {
      await node.drain(COUNTING, signal);
      now = await node.look(signal);
    }
    const next = this.#counts(now, goal);
    if (!next) return;
    await node.setGres(gresToSet(now.gres, next), signal);
    this.#found.counts(next, now);
  }

  /** Undefined where it counts them already. */
  #counts(told: NodeTold, { wanted }: Goal): ReadonlyMap<string, number> | undefined {
    return nextCounts(told, wanted, this.#found.missing(told));
  }

  async #drain(node: SlurmNode, { why }: Goal, signal: AbortSignal): Promise<void> {
    const order = nextDrain(await node.look(signal), why);
    if (order?.state === "drain") await node.drain(order.reason, signal);
    if (order?.state === "undrain") await node.undrain(signal);
  }
}
