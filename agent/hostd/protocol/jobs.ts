// Keeps the operations under way: one per object, a bounded number, each waited for no longer than the client asked.
import { setTimeout as delay } from "node:timers/promises";
import { objectOf, type Operation, type OperationKind, type Request, type Result } from "./messages.ts";

/** Four GPUs with seven vGPUs each may all be blocked and leave room for more. */
export const MAX_JOBS = 32;
/** How much of the deadline, and at most how long, is kept for naming who holds what an operation waits for. */
const SEARCH_SHARE = 0.25;
const MAX_SEARCH_MS = 1000;
/** How long a result waits for whoever was told that the operation is blocked; clients ask again every few seconds. */
const UNHEARD_MS = 30_000;
/** A look that takes longer hangs: half as long again as clients wait for one, so that a slow one is heard by who asks again. */
const HANGS_MS = 15_000;
/** Looks at one object that hang and cannot be ended either, before the next waits with the last of them. */
const MAX_LOST = 2;

/** What an operation is to its object. Of two that make the same thing the second fails; other changes can be made twice. */
const NATURES = {
  "create-mdev": "makes",
  "remove-mdev": "changes",
  holders: "looks",
  "bind-driver": "changes",
  "set-virtual-functions": "changes",
  "set-function-profile": "changes",
  "function-holders": "looks",
  "xen-domains": "looks",
  "make-vgt-instance": "makes",
  "remove-vgt-instance": "changes",
  "vgt-resources": "looks",
  "vgt-utilization": "looks",
  "device-model-log": "looks",
  "render-clients": "looks",
  "engine-ticks": "looks",
} as const satisfies Record<OperationKind, "makes" | "changes" | "looks">;

/** Something that performs one operation and cannot be hurried: in hostd a child process. */
export interface RunningJob {
  /** 0 when no process could be started. */
  readonly pid: number;
  /** Settles when the operation has ended, maybe never; never rejects. */
  readonly result: Promise<Result>;
  /** Ends it where that is possible, for what only looks. */
  readonly giveUp: () => void;
}

interface Job extends RunningJob {
  readonly object: string;
  readonly operation: string;
  readonly looks: boolean;
  /** By the jobs' clock. */
  readonly startedAt: number;
}

/** The end of an operation after its client was told that it is blocked. */
interface Unheard {
  readonly operation: string;
  readonly result: Result;
  /** By the jobs' clock. */
  readonly endedAt: number;
}

/** What a request got within its time: a result, or the job that still runs. */
type Outcome = { readonly result: Result } | { readonly blockedBy: Job };

export class Jobs {
  readonly #start: (operation: Operation) => RunningJob;
  readonly #now: () => number;
  /** Those that requests join, by their object. */
  readonly #jobs = new Map<string, Job>();
  /** Looks that hang. */
  readonly #lost = new Set<Job>();
  readonly #gaveUpOn = new WeakSet<Job>();
  readonly #unheard = new Map<string, Unheard>();

  /** `now` is in milliseconds of a clock that never steps back. */
  constructor(start: (operation: Operation) => RunningJob, now: () => number = () => performance.now()) {
    this.#start = start;
    this.#now = now;
  }

  /**
   * Answers within the request's deadline. Equal requests share one job, and those that can be made twice also one that ended
   * after its client had been told `blocked`: on a host where a child takes longer to start than clients wait, nobody would
   * ever hear that there is nothing left to do. A different request on the same vGPU or PCI function waits for the job before
   * it. A look that hangs is given up for a new one: what it waits for may never come.
   */
  async perform({ operation, deadlineMs }: Request): Promise<Result> {
    const search = searchFor(operation);
    const searchMs = search === undefined ? 0 : Math.min(deadlineMs * SEARCH_SHARE, MAX_SEARCH_MS);
    const outcome = await this.#within(deadlineMs - searchMs, operation);
    if ("result" in outcome) return outcome.result;
    const job = outcome.blockedBy;
    if (NATURES[operation.kind] === "changes") this.#gaveUpOn.add(job);
    const found = search === undefined ? outcome : await this.#within(searchMs, search);
    const holders = "result" in found && found.result.kind === "holders" ? found.result.holders : [];
    return {
      kind: "blocked",
      elapsedMs: Math.round(this.#now() - job.startedAt),
      childPid: job.pid,
      holders,
    };
  }

  async #within(ms: number, operation: Operation): Promise<Outcome> {
    const timer = new AbortController();
    const timeUp = delay(ms, undefined, { signal: timer.signal }).catch(() => undefined);
    try {
      return await this.#outcome(operation, timeUp);
    } finally {
      timer.abort();
    }
  }

  async #outcome(operation: Operation, timeUp: Promise<undefined>): Promise<Outcome> {
    // What only looks changes nothing and must work while a change hangs: it is an object of its own.
    const object = `${NATURES[operation.kind] === "looks" ? "look at " : ""}${objectOf(operation)}`;
    const unheard = this.#takeUnheard(object, operation);
    if (unheard !== undefined) return { result: unheard };
    for (;;) {
      const job = this.#underWay(object) ?? this.#begin(object, operation);
      if (job === undefined)
        return { result: { kind: "failed", why: `${MAX_JOBS} operations are under way` } };
      const result = await Promise.race([job.result, timeUp]);
      if (result === undefined) return { blockedBy: job };
      this.#unheard.delete(object);
      if (job.operation === JSON.stringify(operation)) return { result };
    }
  }

  #underWay(object: string): Job | undefined {
    const job = this.#jobs.get(object);
    if (job === undefined || !job.looks || this.#now() - job.startedAt < HANGS_MS) return job;
    if ([...this.#lost].filter((lost) => lost.object === object).length === MAX_LOST) return job;
    this.#jobs.delete(object);
    this.#lost.add(job);
    job.giveUp();
    return undefined;
  }

  #begin(object: string, operation: Operation): Job | undefined {
    if (this.#jobs.size + this.#lost.size >= MAX_JOBS) return undefined;
    const startedAt = this.#now();
    const { result, ...running } = this.#start(operation);
    const settled = result.then((end) => {
      if (this.#lost.delete(job)) return end;
      this.#jobs.delete(object);
      // Who holds it is asked anew each time: an old answer would name the wrong process.
      if (this.#gaveUpOn.has(job) && end.kind !== "held") this.#keep(object, job.operation, end);
      return end;
    });
    const job: Job = {
      ...running,
      result: settled,
      object,
      operation: JSON.stringify(operation),
      looks: NATURES[operation.kind] === "looks",
      startedAt,
    };
    this.#jobs.set(object, job);
    return job;
  }

  #keep(object: string, operation: string, result: Result): void {
    this.#unheard.set(object, { operation, result, endedAt: this.#now() });
    const [oldest] = this.#unheard.keys();
    if (this.#unheard.size > MAX_JOBS && oldest !== undefined) this.#unheard.delete(oldest);
  }

  /** Once, and only to the same request: whatever else is asked of the object makes the old end meaningless. */
  #takeUnheard(object: string, operation: Operation): Result | undefined {
    const unheard = this.#unheard.get(object);
    this.#unheard.delete(object);
    if (unheard?.operation !== JSON.stringify(operation)) return undefined;
    return this.#now() - unheard.endedAt < UNHEARD_MS ? unheard.result : undefined;
  }
}

/** Who holds what a change waits for; undefined where nobody can, and for what only looks itself. */
function searchFor(operation: Operation): Operation | undefined {
  switch (operation.kind) {
    case "create-mdev":
    case "remove-mdev":
      return { kind: "holders", vgpuId: operation.vgpuId };
    case "bind-driver":
      return { kind: "function-holders", device: operation.device };
    case "set-virtual-functions":
    case "set-function-profile":
      return { kind: "function-holders", device: operation.gpu };
    case "holders":
    case "function-holders":
    case "xen-domains":
    case "make-vgt-instance":
    case "remove-vgt-instance":
    case "vgt-resources":
    case "vgt-utilization":
    case "device-model-log":
    case "render-clients":
    case "engine-ticks":
      return undefined;
  }
}
