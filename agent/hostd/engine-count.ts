// The ticks of one GPU's engines, added up from what a perf prints that stays.
import type { EngineClassOf, EngineLayout } from "./engine-layout.ts";
import { notStarted, PerfProcess, type PerfEnd } from "./perf-process.ts";
import { countArguments, figureIn, lookArguments, type Engine, type Figure } from "./perf-stat.ts";
import { ENGINE_BOUNDS, MAX_ENGINE_TICKS, type EngineTicks, type Uncounted } from "./protocol/engines.ts";
import type { Result } from "./protocol/messages.ts";

export interface EngineCountOptions {
  readonly gpu: string;
  /** Path of perf, asked for whenever one is to be started. Rejects when there is none, or none that may be run. */
  readonly program: () => Promise<string>;
  /** Between two figures of perf: what is told is as old at most. */
  readonly intervalMs: number;
  /** For so long after perf did not get on none is started, and what it said is told again. */
  readonly retryMs: number;
  /** Milliseconds of a clock that never steps back. */
  readonly now: () => number;
}

interface Trouble {
  readonly because: Uncounted;
  readonly said: string;
  readonly at: number;
}

export class EngineCount {
  readonly #options: EngineCountOptions;
  #functions: readonly number[] = [];
  /** Functions of them that an answer has no room for. */
  #left = 0;
  /** Only what perf has printed: before its first figures nothing is known to be counted. */
  readonly #sums = new Map<string, EngineTicks>();
  /** All that have not ended. */
  readonly #perfs = new Set<PerfProcess>();
  /** Of the last start: aborted when it is given up. */
  #starting: AbortController | undefined;
  #counting: PerfProcess | undefined;
  #trouble: Trouble | undefined;

  constructor(options: EngineCountOptions) {
    this.#options = options;
  }

  /** What was counted until now of the functions that there are. Counting begins where nothing counts. */
  async told({ functions, classes }: EngineLayout): Promise<Result> {
    if (functions.join() !== this.#functions.join()) {
      // All went before their number changed: what those had used is none of the new ones'.
      void this.stop();
      this.#sums.clear();
      this.#functions = functions;
    }
    if (functions.length === 0) return { kind: "engine-ticks", ticks: [], left: 0 };
    const { now, retryMs } = this.#options;
    if (this.#trouble && now() - this.#trouble.at >= retryMs) this.#trouble = undefined;
    if (!this.#trouble && !this.#counting) await this.#begin(classes);
    if (!this.#trouble) return { kind: "engine-ticks", ticks: [...this.#sums.values()], left: this.#left };
    return { kind: "uncounted", because: this.#trouble.because, said: this.#trouble.said };
  }

  /** Gives up a start that hangs. A perf that counts goes on: whoever hangs then does not wait for it. */
  giveUp(): void {
    this.#starting?.abort();
  }

  /** Until it is asked again. What was counted is kept. Resolves when each perf has ended. */
  async stop(): Promise<void> {
    this.#starting?.abort();
    this.#counting = undefined;
    const perfs = [...this.#perfs];
    for (const perf of perfs) perf.kill();
    await Promise.all(perfs.map(({ ended }) => ended));
  }

  /** Leaves no trace when it is given up meanwhile: another may be on its way by then. */
  async #begin(classes: readonly EngineClassOf[]): Promise<void> {
    this.#starting?.abort();
    this.#starting = new AbortController();
    const { signal } = this.#starting;
    const found = await this.#look(classes, signal);
    if (signal.aborted) return;
    if ("because" in found) this.#failed(found);
    else this.#count(found.program, found.engines);
  }

  /** The engines that there are; without any, why. */
  async #look(
    classes: readonly EngineClassOf[],
    signal: AbortSignal,
  ): Promise<{ readonly program: string; readonly engines: readonly Engine[] } | PerfEnd> {
    // Without an event perf would count what it likes.
    if (classes.length === 0) return { because: "failed", said: "the driver shows no engines of the GPU" };
    const program = await this.#options.program().catch(notStarted);
    if (typeof program !== "string") return program;
    if (signal.aborted) return { because: "failed", said: "it was given up" };
    const engines: Engine[] = [];
    const perf = this.#start(program, lookArguments(this.#options.gpu, classes), ({ isThere, engine }) => {
      if (isThere) engines.push(engine);
    });
    const kill = (): void => {
      perf.kill();
    };
    signal.addEventListener("abort", kill);
    const end = await perf.ended;
    signal.removeEventListener("abort", kill);
    if (end.because !== undefined) return end;
    if (engines.length > 0) return { program, engines };
    return { because: "failed", said: "perf can count none of the engines" };
  }

  #count(program: string, engines: readonly Engine[]): void {
    const counted = this.#functions.slice(0, Math.floor(MAX_ENGINE_TICKS / engines.length));
    this.#left = this.#functions.length - counted.length;
    const { gpu, intervalMs } = this.#options;
    const words = countArguments(gpu, { functions: counted, engines }, intervalMs);
    const perf = this.#start(program, words, (figure) => {
      if (this.#counting === perf) this.#add(figure);
    });
    this.#counting = perf;
    void perf.ended.then((end) => {
      if (this.#counting !== perf) return;
      this.#counting = undefined;
      this.#failed(end);
    });
  }

  #start(program: string, words: readonly string[], onFigure: (figure: Figure) => void): PerfProcess {
    const perf = new PerfProcess(program, words, (line) => {
      const figure = figureIn(line);
      if (figure) onFigure(figure);
    });
    this.#perfs.add(perf);
    void perf.ended.then(() => this.#perfs.delete(perf));
    return perf;
  }

  #failed({ because = "failed", said }: PerfEnd): void {
    this.#trouble = { because, said, at: this.#options.now() };
  }

  #add({ function: number, engine, ticks, value }: Figure): void {
    if (value === undefined) return;
    const key = [number, engine.gt, engine.engine, engine.instance].join();
    const sum = this.#sums.get(key) ?? { function: number, ...engine, active: 0, total: 0 };
    this.#sums.set(key, { ...sum, [ticks]: Math.min(sum[ticks] + value, ENGINE_BOUNDS.ticks.to) });
  }
}
