// Reads for scrapes how busy slices of XenGT were. The driver counts from one reading to the next, whoever reads, so that this is the
// only reader, and several who scrape share a reading instead of cutting each other's short.
import type { Clock } from "../core/clock.ts";
import { KeptReading } from "./kept-reading.ts";

/** Who can read it; of a kernel, what hostd is asked for. */
export interface SliceUseSource {
  /** By the number of the slice's domain, how much of the time it was given it worked in, 0 to 1. Rejects when it cannot be read. */
  readonly shares: (signal: AbortSignal) => Promise<ReadonlyMap<number, number>>;
}

export interface SliceUseSamplerOptions {
  readonly source: SliceUseSource;
  /** Whether there is any slice of a driver that tells. Nobody is asked otherwise. */
  readonly hasSlices: () => boolean;
  readonly clock: Clock;
  /** Ends readings under way. */
  readonly stop: AbortSignal;
  /** Told after each reading what failed, undefined when nothing did. */
  readonly onReading: (error: unknown) => void;
}

/** What a scrape shows of it. */
export interface SliceUseView {
  /** Of the last reading. Empty until one has ended, while one takes too long, and when it failed. */
  readonly shares: ReadonlyMap<number, number>;
  /** Whether the last reading failed, or one has been under way for too long. */
  readonly failing: boolean;
}

const UNREAD: ReadonlyMap<number, number> = new Map();
/** Over less a share says little. */
const WINDOW_MS = 10_000;

export class SliceUseSampler {
  readonly #options: SliceUseSamplerOptions;
  readonly #kept: KeptReading<SliceUseView>;

  constructor(options: SliceUseSamplerOptions) {
    this.#options = options;
    this.#kept = new KeptReading<SliceUseView>(options.clock, { shares: UNREAD, failing: false }, () =>
      this.#read(),
    );
  }

  get view(): SliceUseView {
    return this.#kept.view;
  }

  /**
   * Reads when the latest is older than `maxAgeMs` and than what a share is worth telling of, waiting for it no longer than
   * `waitMs`. Never rejects.
   */
  async refresh(maxAgeMs: number, waitMs: number): Promise<void> {
    if (this.#options.hasSlices()) await this.#kept.refresh(Math.max(maxAgeMs, WINDOW_MS), waitMs);
    else this.#kept.forget();
  }

  async #read(): Promise<SliceUseView> {
    const { source, stop, onReading } = this.#options;
    let shares = UNREAD;
    let failed: unknown;
    try {
      shares = await source.shares(stop);
    } catch (error) {
      failed = error;
    }
    if (!stop.aborted) onReading(failed);
    return { shares, failing: failed !== undefined };
  }
}
