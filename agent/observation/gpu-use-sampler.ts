// Reads for a scrape what domains use of the GPUs that they render on: once for all who ask at the same time.
import type { Clock } from "../core/clock.ts";
import type { PciAddress } from "../core/ids.ts";
import { GpuUseAccounts, type DomainGpuUse, type RenderProcessSource } from "./gpu-use.ts";
import { KeptReading } from "./kept-reading.ts";

export interface GpuUseSamplerOptions {
  readonly source: RenderProcessSource;
  /** Those that a domain renders on. Nobody is asked about others. Undefined while that is not known: they are what they were. */
  readonly gpus: () => readonly PciAddress[] | undefined;
  readonly clock: Clock;
  /** Ends readings under way. */
  readonly stop: AbortSignal;
  /** Told after each reading what failed, undefined when nothing did. */
  readonly onReading: (error: unknown) => void;
}

/** What a scrape shows of it. */
export interface GpuUseView {
  /** Empty until a reading has ended, and while one takes too long. */
  readonly domains: readonly DomainGpuUse[];
  /** Whether the last reading failed, or one has been under way for too long. */
  readonly failing: boolean;
}

export class GpuUseSampler {
  readonly #options: GpuUseSamplerOptions;
  readonly #kept: KeptReading<GpuUseView>;
  #accounts: ReadonlyMap<PciAddress, GpuUseAccounts> = new Map();

  constructor(options: GpuUseSamplerOptions) {
    this.#options = options;
    this.#kept = new KeptReading<GpuUseView>(options.clock, { domains: [], failing: false }, () =>
      this.#readAll(),
    );
  }

  get view(): GpuUseView {
    return this.#kept.view;
  }

  /** Reads when the latest is older than `maxAgeMs`, waiting for it no longer than `waitMs`. Never rejects. */
  refresh(maxAgeMs: number, waitMs: number): Promise<void> {
    return this.#kept.refresh(maxAgeMs, waitMs);
  }

  async #readAll(): Promise<GpuUseView> {
    const { source, gpus, clock, stop, onReading } = this.#options;
    // What was added up must not be forgotten because libvirt is away: its QEMUs run on.
    const asked = gpus() ?? [...this.#accounts.keys()];
    this.#accounts = new Map(asked.map((gpu) => [gpu, this.#accounts.get(gpu) ?? new GpuUseAccounts()]));
    const domains: DomainGpuUse[] = [];
    let failed: unknown;
    for (const gpu of asked) {
      try {
        const processes = await source.processes(gpu, stop);
        const taken = { gpu, at: clock.wall(), atMs: clock.now() };
        domains.push(...(this.#accounts.get(gpu)?.add(processes, taken) ?? []));
      } catch (error) {
        failed = error;
      }
    }
    if (!stop.aborted) onReading(failed);
    return { domains, failing: failed !== undefined };
  }
}
