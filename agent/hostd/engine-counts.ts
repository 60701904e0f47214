// Which GPUs' engines are counted, and for how long. The kernel counts from when an event is opened until it is closed
// (xe_pmu.c), so that a look that comes and goes would see its own tenth of a second alone, and a counter made of such samples would
// be a guess: a perf stays, for as long as somebody asks. It costs some 15 MiB, a wake-up a second, and while it runs the GPU's
// units are held awake (xe_pmu.c, event_gt_forcewake), which is why it does not run on hosts that nobody scrapes, nor where no
// virtual function is. What it has counted is kept here while it does not run, and lost with hostd: counters begin anew then.
import path from "node:path";
import { AllowedFiles } from "./allowed-files.ts";
import { EngineCount, type EngineCountOptions } from "./engine-count.ts";
import { engineLayout } from "./engine-layout.ts";
import { describeFailure } from "./perform.ts";
import type { RunningJob } from "./protocol/jobs.ts";
import type { Operation, Result } from "./protocol/messages.ts";

/** A figure that is as old makes little of a rate over a minute; each costs the driver a reading of memory. */
const INTERVAL_MS = 1_000;
/** Permission is given by an administrator, perf installed by one. */
const RETRY_MS = 60_000;
/** Whoever scrapes does so more often. */
export const IDLE_MS = 300_000;
/** A change waits no longer for perf to end: it dies at once unless the driver holds it, which a change would have to bear anyway. */
export const LETS_GO_MS = 1_000;
/** Of a GPU that changes. */
const NOTHING_COUNTED: Result = { kind: "engine-ticks", ticks: [], left: 0 };

/** Does the work after so many milliseconds, unless what it returns is called before. */
type Later = (work: () => void, ms: number) => () => void;

export type EngineCountsOptions = Partial<
  Pick<EngineCountOptions, "intervalMs" | "retryMs" | "now"> & { readonly later: Later }
>;

interface Counted {
  readonly count: EngineCount;
  /** Takes back that it is to stop. */
  stay: () => void;
}

export class EngineCounts {
  readonly #files: AllowedFiles;
  readonly #later: Later;
  readonly #options: Omit<EngineCountOptions, "gpu">;
  readonly #counted = new Map<string, Counted>();
  /** GPUs whose driver or virtual functions change: nothing is counted of them. */
  readonly #changing = new Set<string>();

  constructor(root: string, options: EngineCountsOptions = {}) {
    this.#files = new AllowedFiles(root, "engine-ticks");
    this.#later = options.later ?? later;
    this.#options = {
      program: () => this.#program(),
      intervalMs: options.intervalMs ?? INTERVAL_MS,
      retryMs: options.retryMs ?? RETRY_MS,
      now: options.now ?? (() => performance.now()),
    };
  }

  /** Tells what was counted of the GPU, and sees to it that counting goes on. */
  start(gpu: string): RunningJob {
    return {
      // No process performs it.
      pid: 0,
      result: this.#told(gpu).catch(describeFailure),
      giveUp: () => this.#counted.get(gpu)?.count.giveUp(),
    };
  }

  /**
   * Begins an operation by `begin`. Where it changes a GPU's driver or its virtual functions, it is to do so once `ready` has
   * settled: perf has let go of the GPU then, and none is started for it before the operation has ended.
   */
  around(operation: Operation, begin: (ready?: Promise<void>) => RunningJob): RunningJob {
    const gpu = changedBy(operation);
    if (gpu === undefined) return begin();
    this.#changing.add(gpu);
    const job = begin(this.#letGoOf(gpu));
    void job.result.finally(() => this.#changing.delete(gpu));
    return job;
  }

  close(): void {
    for (const gpu of this.#counted.keys()) void this.#forget(gpu);
  }

  async #told(gpu: string): Promise<Result> {
    if (this.#changing.has(gpu)) return NOTHING_COUNTED;
    const counted = this.#counted.get(gpu) ?? this.#newCount(gpu);
    counted.stay();
    counted.stay = this.#later(() => void counted.count.stop(), IDLE_MS);
    const layout = await engineLayout(this.#files, gpu);
    // A change has begun meanwhile, and maybe ended: what was listed is of before.
    if (this.#counted.get(gpu) !== counted) return NOTHING_COUNTED;
    if (layout !== undefined) return await counted.count.told(layout);
    void this.#forget(gpu);
    return { kind: "absent" };
  }

  /**
   * Checked where its links lead, and started by its own name: distributions' wrappers, and perf itself, go by the name that they
   * were started by.
   */
  async #program(): Promise<string> {
    await this.#files.followed("perf", {});
    return path.resolve(this.#files.at("perf", {}));
  }

  #newCount(gpu: string): Counted {
    const counted = { count: new EngineCount({ ...this.#options, gpu }), stay: () => undefined };
    this.#counted.set(gpu, counted);
    return counted;
  }

  async #letGoOf(gpu: string): Promise<void> {
    const gone = this.#forget(gpu);
    await new Promise<void>((resolve) => {
      const hurry = this.#later(resolve, LETS_GO_MS);
      void gone.then(() => {
        hurry();
        resolve();
      });
    });
  }

  /** Resolves when nothing counts the GPU any more. */
  async #forget(gpu: string): Promise<void> {
    const counted = this.#counted.get(gpu);
    if (counted === undefined) return;
    this.#counted.delete(gpu);
    counted.stay();
    await counted.count.stop();
  }
}

/** The GPU, or another function, that the operation lets have another driver or other virtual functions. */
function changedBy(operation: Operation): string | undefined {
  if (operation.kind === "bind-driver") return operation.device;
  return operation.kind === "set-virtual-functions" ? operation.gpu : undefined;
}

/** Keeps no process alive. */
function later(work: () => void, ms: number): () => void {
  const timer = setTimeout(work, ms).unref();
  return () => {
    clearTimeout(timer);
  };
}
