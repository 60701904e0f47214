// Reads for a scrape what virtual functions use of engines: once for all who ask at the same time.
import type { Clock } from "../core/clock.ts";
import type { PciAddress } from "../core/ids.ts";
import type { EngineCounting, Uncounted } from "../diagnosis/engine-counting.ts";
import {
  EngineUseAccounts,
  type EngineTicksSource,
  type EngineUse,
  type FunctionVgpu,
} from "./engine-use.ts";
import { KeptReading } from "./kept-reading.ts";

export interface EngineUseSamplerOptions {
  readonly source: EngineTicksSource;
  /** Nobody is asked about other GPUs than theirs. Undefined while that is not known: they are what they were. */
  readonly functions: () => readonly FunctionVgpu[] | undefined;
  readonly clock: Clock;
  /** Ends readings under way. */
  readonly stop: AbortSignal;
  /** Told after each reading what failed, undefined when nothing did. */
  readonly onReading: (error: unknown) => void;
}

/** What a scrape shows of it. */
export interface EngineUseView {
  /** Empty until a reading has ended, and while one takes too long. */
  readonly engines: readonly EngineUse[];
  /** Whether the last reading failed, or one has been under way for too long. That nothing is counted is no failure. */
  readonly failing: boolean;
}

/** hostd counts on for as long when nobody asks: what it told before that says nothing of now. */
const TELLS_MS = 5 * 60_000;

export class EngineUseSampler {
  readonly #options: EngineUseSamplerOptions;
  readonly #kept: KeptReading<EngineUseView>;
  #functions: readonly FunctionVgpu[] = [];
  readonly #accounts = new Map<PciAddress, EngineUseAccounts>();
  #told: { readonly atMs: number; readonly counting: EngineCounting } | undefined;

  constructor(options: EngineUseSamplerOptions) {
    this.#options = options;
    this.#kept = new KeptReading<EngineUseView>(options.clock, { engines: [], failing: false }, () =>
      this.#readAll(),
    );
  }

  get view(): EngineUseView {
    return this.#kept.view;
  }

  /** What hostd told last of each GPU; nothing when no scrape has asked for five minutes. */
  get counting(): EngineCounting {
    const { clock } = this.#options;
    return this.#told && clock.now() - this.#told.atMs <= TELLS_MS ? this.#told.counting : new Map();
  }

  /** Reads when the latest is older than `maxAgeMs`, waiting for it no longer than `waitMs`. Never rejects. */
  refresh(maxAgeMs: number, waitMs: number): Promise<void> {
    return this.#kept.refresh(maxAgeMs, waitMs);
  }

  async #readAll(): Promise<EngineUseView> {
    const { source, functions, clock, stop, onReading } = this.#options;
    this.#functions = functions() ?? this.#functions;
    const gpus = new Set(this.#functions.map(({ gpu }) => gpu));
    for (const gpu of this.#accounts.keys()) if (!gpus.has(gpu)) this.#accounts.delete(gpu);
    const engines: EngineUse[] = [];
    const counting = new Map<PciAddress, "counted" | Uncounted>();
    let failed: unknown;
    for (const gpu of gpus) {
      try {
        const told = await source.ticks(gpu, stop);
        if (told === undefined) continue;
        if ("because" in told) {
          counting.set(gpu, told);
          continue;
        }
        engines.push(...this.#add(gpu, told));
        // Before the first figures it is not known to be counted.
        if (told.length > 0) counting.set(gpu, "counted");
      } catch (error) {
        failed = error;
      }
    }
    this.#told = { atMs: clock.now(), counting };
    if (!stop.aborted) onReading(failed);
    return { engines, failing: failed !== undefined };
  }

  #add(gpu: PciAddress, ticks: Parameters<EngineUseAccounts["add"]>[0]): readonly EngineUse[] {
    const accounts = this.#accounts.get(gpu) ?? new EngineUseAccounts();
    this.#accounts.set(gpu, accounts);
    const here = this.#functions.filter((each) => each.gpu === gpu);
    return accounts.add(ticks, here);
  }
}
