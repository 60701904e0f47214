// Sees to it that a reservation ends when its time does, although nothing on the host changes then.
import { Alarm } from "../core/alarm.ts";
import type { Clock } from "../core/clock.ts";
import type { Driver } from "./driver.ts";
import type { Ledger } from "./ledger.ts";

export interface ExpiryOptions {
  readonly ledger: Ledger;
  readonly driver: Pick<Driver, "ensureLed">;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}

/** A wall clock that is set meanwhile is noticed after that long. */
const LONGEST_SLEEP_MS = 60_000;

export class Expiry {
  readonly #options: ExpiryOptions;
  readonly #alarm: Alarm;

  constructor(options: ExpiryOptions) {
    this.#options = options;
    this.#alarm = new Alarm(options.clock, options.stop);
    // A reservation is made or moved by a request, and is there again when a create was undone or a renewal could not be
    // written: whatever changes may be one.
    options.ledger.onChange(() => {
      this.#alarm.ring();
    });
  }

  /** Until the stop. */
  async run(): Promise<void> {
    const { clock, stop } = this.#options;
    while (!stop.aborted) {
      const { rings } = this.#alarm; // before the look: what is reserved meanwhile must not be slept over
      await this.#alarm.sleep(this.#lead(clock.wall()), rings);
    }
  }

  /** Leads what has ended; answers with the milliseconds until the next one does. */
  #lead(wall: number): number {
    const { ledger, driver } = this.#options;
    let pause = LONGEST_SLEEP_MS;
    for (const claim of ledger.living()) {
      if (claim.kind !== "reservation") continue;
      const left = claim.expiresAt - wall;
      if (left > 0) pause = Math.min(pause, left);
      // What cannot be written down is tried again by its drive, at its own pace, although each try is a change.
      else driver.ensureLed(claim.vgpuId);
    }
    return pause;
  }
}
