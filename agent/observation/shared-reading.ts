// A reading of something slow: one at a time for all who ask, and nobody waits for it longer than they want to.
import type { Clock } from "../core/clock.ts";

export class SharedReading {
  readonly #clock: Pick<Clock, "sleep">;
  readonly #read: () => Promise<void>;
  #underWay: Promise<void> | undefined;
  #late = false;

  /** `read` must not reject. */
  constructor(clock: Pick<Clock, "sleep">, read: () => Promise<void>) {
    this.#clock = clock;
    this.#read = read;
  }

  /** Whether somebody waited in vain for the reading under way. */
  get isLate(): boolean {
    return this.#late;
  }

  /** Joins the reading under way, so that what hangs is asked once. */
  take(): Promise<void> {
    this.#underWay ??= this.#read().finally(() => {
      this.#underWay = undefined;
      this.#late = false;
    });
    return this.#underWay;
  }

  /** The same, for no longer than `waitMs`: it goes on then, and is late until it ends. Never rejects. */
  async takeWithin(waitMs: number): Promise<void> {
    const enough = new AbortController();
    const late = this.#clock.sleep(waitMs, enough.signal).then(
      () => {
        this.#late = true;
      },
      () => undefined,
    );
    await Promise.race([this.take(), late]);
    enough.abort();
  }
}
