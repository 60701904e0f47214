// Takes readings of what domains use: in the background for the history, and for a scrape that finds the last one old.
import type { Clock } from "../core/clock.ts";
import type { DomainStatsHistory, DomainStatsSource } from "./domain-stats.ts";
import { SharedReading } from "./shared-reading.ts";
import type { DomainStatsView } from "./view.ts";

export interface DomainSamplerOptions {
  readonly source: DomainStatsSource;
  readonly history: DomainStatsHistory;
  readonly clock: Clock;
  /** Ends readings under way. */
  readonly stop: AbortSignal;
  /** Between two readings nobody asked for, milliseconds. */
  readonly intervalMs: number;
  /** Until a reading is given up, milliseconds. */
  readonly deadlineMs: number;
  /** Told of every reading that ended, for the figures of the agent itself. */
  readonly onReading: (ended: EndedReading) => void;
}

export interface EndedReading {
  readonly seconds: number;
  /** Undefined when it succeeded. */
  readonly error: unknown;
}

/** After a reading that failed: libvirt may just be starting, and being refused costs nothing. */
const RETRY_MS = 2_000;

export class DomainSampler {
  readonly #options: DomainSamplerOptions;
  readonly #reading: SharedReading;
  #deadline: AbortController | undefined;
  #failing = false;

  constructor(options: DomainSamplerOptions) {
    this.#options = options;
    this.#reading = new SharedReading(options.clock, () => this.#read());
    options.stop.addEventListener(
      "abort",
      () => {
        this.#deadline?.abort(options.stop.reason);
      },
      { once: true },
    );
  }

  /** Reads at intervals until the signal aborts. */
  async run(stop: AbortSignal): Promise<void> {
    const { clock, intervalMs } = this.#options;
    while (!stop.aborted) {
      await this.#reading.take();
      const pauseMs = this.#failing ? Math.min(RETRY_MS, intervalMs) : intervalMs;
      await clock.sleep(pauseMs, stop).catch(() => undefined);
    }
  }

  /** What to show now; figures stay the latest ones while readings fail. */
  get view(): DomainStatsView {
    const { clock, history } = this.#options;
    const { latest } = history;
    return {
      domains: latest?.domains,
      ageSeconds: latest && (clock.now() - latest.takenMs) / 1000,
      failing: this.#failing || this.#reading.isLate,
    };
  }

  /**
   * Takes a reading when the latest is older than `maxAgeMs`. Nobody waits longer than `waitMs` for it: it goes on, and
   * until it ends the old one stands. Never rejects.
   */
  async refresh(maxAgeMs: number, waitMs: number): Promise<void> {
    const { clock, history } = this.#options;
    const { latest } = history;
    if (latest && clock.now() - latest.takenMs <= maxAgeMs) return;
    await this.#reading.takeWithin(waitMs);
  }

  async #read(): Promise<void> {
    const { source, history, clock, stop, onReading } = this.#options;
    const begun = clock.now();
    const deadline = new AbortController();
    const settled = new AbortController();
    this.#deadline = deadline;
    void this.#expire(deadline, settled.signal);
    let error: unknown;
    try {
      const domains = await source.domainFigures(deadline.signal);
      history.add({ at: clock.wall(), takenMs: clock.now(), domains });
    } catch (caught) {
      error = caught;
    }
    settled.abort();
    this.#failing = error !== undefined;
    if (!stop.aborted) onReading({ seconds: (clock.now() - begun) / 1000, error });
  }

  async #expire(deadline: AbortController, settled: AbortSignal): Promise<void> {
    const { clock, deadlineMs } = this.#options;
    try {
      await clock.sleep(deadlineMs, settled);
      deadline.abort(new Error(`no answer within ${deadlineMs} ms`));
    } catch {
      // The reading ended first.
    }
  }
}
