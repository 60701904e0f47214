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

  constructor(root: string, options: EngineCountsOptions = {}) {
    this.#files = new AllowedFiles(root, "engine-ticks");
    this.#later = options.later ?? later;
    this.#options = {
      program: path.resolve(this.#files.at("perf", {})),
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

  /** Lets go of a GPU whose driver or virtual functions are about to change: its driver counts for nobody then. */
  makeWayFor(operation: Operation): void {
    if (operation.kind === "bind-driver") this.#forget(operation.device);
    if (operation.kind === "set-virtual-functions") this.#forget(operation.gpu);
  }

  close(): void {
    for (const gpu of this.#counted.keys()) this.#forget(gpu);
  }

  async #told(gpu: string): Promise<Result> {
    const layout = await engineLayout(this.#files, gpu);
    if (layout === undefined) {
      this.#forget(gpu);
      return { kind: "absent" };
    }
    const counted = this.#counted.get(gpu) ?? this.#newCount(gpu);
    counted.stay();
    counted.stay = this.#later(() => {
      counted.count.stop();
    }, IDLE_MS);
    return await counted.count.told(layout);
  }

  #newCount(gpu: string): Counted {
    const counted = { count: new EngineCount({ ...this.#options, gpu }), stay: () => undefined };
    this.#counted.set(gpu, counted);
    return counted;
  }

  #forget(gpu: string): void {
    const counted = this.#counted.get(gpu);
    if (counted === undefined) return;
    counted.stay();
    counted.count.stop();
    this.#counted.delete(gpu);
  }
}

/** Keeps no process alive. */
function later(work: () => void, ms: number): () => void {
  const timer = setTimeout(work, ms).unref();
  return () => {
    clearTimeout(timer);
  };
}
