// The latest of readings that all who ask at the same time share, kept for who looks.
import type { Clock } from "../core/clock.ts";
import { SharedReading } from "./shared-reading.ts";

export class KeptReading<Told extends { readonly failing: boolean }> {
  readonly #clock: Clock;
  readonly #nothing: Told;
  readonly #reading: SharedReading;
  #latest: { readonly takenMs: number; readonly told: Told } | undefined;

  /** `nothing` is shown before the first has ended. `read` must not reject. */
  constructor(clock: Clock, nothing: Told, read: () => Promise<Told>) {
    this.#clock = clock;
    this.#nothing = nothing;
    this.#reading = new SharedReading(clock, async () => {
      const told = await read();
      this.#latest = { takenMs: clock.now(), told };
    });
  }

  /** The latest; nothing, and failing, while one has been under way for too long. */
  get view(): Told {
    if (this.#reading.isLate) return { ...this.#nothing, failing: true };
    return this.#latest?.told ?? this.#nothing;
  }

  /** Reads when the latest is older than `maxAgeMs`, waiting for it no longer than `waitMs`. Never rejects. */
  async refresh(maxAgeMs: number, waitMs: number): Promise<void> {
    if (this.#latest && this.#clock.now() - this.#latest.takenMs <= maxAgeMs) return;
    await this.#reading.takeWithin(waitMs);
  }

  forget(): void {
    this.#latest = undefined;
  }
}
