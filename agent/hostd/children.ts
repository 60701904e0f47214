// Keeps the children: one per object, a bounded number, each waited for no longer than the client asked.
import { setTimeout as delay } from "node:timers/promises";
import type { Operation, Request, Result } from "./protocol/messages.ts";
import { startChild, type RunningChild } from "./running-child.ts";

/** Four GPUs with seven vGPUs each may all be blocked and leave room for more. */
const MAX_CHILDREN = 32;
/** How much of the deadline, and at most how long, is kept for naming the holder of a blocked vGPU. */
const SEARCH_SHARE = 0.25;
const MAX_SEARCH_MS = 1000;

interface Job {
  readonly operation: string;
  readonly child: RunningChild;
}

/** What a request got within its time: the child's result, or the child that still runs. */
type Outcome = { readonly result: Result } | { readonly blockedBy: RunningChild };

export class Children {
  readonly #root: string;
  readonly #jobs = new Map<string, Job>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Answers within the request's deadline. Equal requests share one child; a different one on the same vGPU waits. */
  async perform({ operation, deadlineMs }: Request): Promise<Result> {
    const searchMs = operation.kind === "holders" ? 0 : Math.min(deadlineMs * SEARCH_SHARE, MAX_SEARCH_MS);
    const timer = new AbortController();
    const timeUp = delay(deadlineMs - searchMs, undefined, { signal: timer.signal }).catch(() => undefined);
    try {
      const outcome = await this.#outcome(operation, timeUp);
      if ("result" in outcome) return outcome.result;
      return await this.#describeBlocked(outcome.blockedBy, operation.vgpuId, searchMs);
    } finally {
      timer.abort();
    }
  }

  async #outcome(operation: Operation, timeUp: Promise<undefined>): Promise<Outcome> {
    const text = JSON.stringify(operation);
    const object = operation.kind === "holders" ? `holders ${operation.vgpuId}` : operation.vgpuId;
    for (;;) {
      const running = this.#jobs.get(object);
      const job = running ?? this.#start(object, operation);
      if (job === undefined)
        return { result: { kind: "failed", why: `${MAX_CHILDREN} children are running` } };
      const result = await Promise.race([job.child.result, timeUp]);
      if (result === undefined) return { blockedBy: job.child };
      if (job.operation === text) return { result };
    }
  }

  #start(object: string, operation: Operation): Job | undefined {
    if (this.#jobs.size >= MAX_CHILDREN) return undefined;
    const job = { operation: JSON.stringify(operation), child: startChild(this.#root, operation) };
    this.#jobs.set(object, job);
    void job.child.result.then(() => this.#jobs.delete(object));
    return job;
  }

  async #describeBlocked(child: RunningChild, vgpuId: string, searchMs: number): Promise<Result> {
    const found = searchMs > 0 ? await this.#search(vgpuId, searchMs) : undefined;
    const holders = found?.kind === "holders" ? found.holders : [];
    const elapsedMs = Math.round(performance.now() - child.startedAt);
    return { kind: "blocked", elapsedMs, childPid: child.pid, holders };
  }

  async #search(vgpuId: string, searchMs: number): Promise<Result | undefined> {
    const timer = new AbortController();
    const timeUp = delay(searchMs, undefined, { signal: timer.signal }).catch(() => undefined);
    try {
      const outcome = await this.#outcome({ kind: "holders", vgpuId }, timeUp);
      return "result" in outcome ? outcome.result : undefined;
    } finally {
      timer.abort();
    }
  }
}
