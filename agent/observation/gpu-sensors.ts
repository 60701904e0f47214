// Reads the GPUs' sensors for a scrape: once for all who ask at the same time, and nobody waits for a driver that hangs.
import type { Clock } from "../core/clock.ts";
import { readSensors, type GpuReadings } from "../discovery/gpu-sensors.ts";
import type { HostFiles } from "../discovery/host-files.ts";
import { NotingFiles } from "../discovery/noting-files.ts";
import type { Gpu, Unread } from "../inventory/model.ts";
import { KeptReading } from "./kept-reading.ts";

export interface GpuSensorsOptions {
  readonly files: HostFiles;
  /** The GPUs as they were last seen. */
  readonly gpus: () => readonly Gpu[];
  readonly clock: Clock;
  /** Told after each reading which files could not be read. */
  readonly onReading: (unread: readonly Unread[]) => void;
}

/** What a scrape shows of them. */
export interface SensorsView {
  /** Empty until a reading has ended, and while one takes too long. */
  readonly readings: readonly GpuReadings[];
  /** Whether the last reading could not read all that is there, or one has been under way for too long. */
  readonly failing: boolean;
}

export class GpuSensors {
  readonly #options: GpuSensorsOptions;
  readonly #kept: KeptReading<SensorsView>;

  constructor(options: GpuSensorsOptions) {
    this.#options = options;
    this.#kept = new KeptReading<SensorsView>(options.clock, { readings: [], failing: false }, () =>
      this.#readAll(),
    );
  }

  get view(): SensorsView {
    return this.#kept.view;
  }

  /** Reads when the latest is older than `maxAgeMs`, waiting for it no longer than `waitMs`. Never rejects. */
  refresh(maxAgeMs: number, waitMs: number): Promise<void> {
    return this.#kept.refresh(maxAgeMs, waitMs);
  }

  async #readAll(): Promise<SensorsView> {
    const { files, gpus, onReading } = this.#options;
    const noting = new NotingFiles(files);
    let readings: GpuReadings[] = [];
    let failing = false;
    try {
      // One after the other, as their files: however many hang, one thread waits.
      for (const gpu of gpus()) readings.push(await readSensors(noting, gpu));
    } catch {
      // A directory that is there and cannot be listed: all of it is unknown.
      readings = [];
      failing = true;
    }
    onReading(noting.unread);
    return { readings, failing: failing || noting.unread.length > 0 };
  }
}
