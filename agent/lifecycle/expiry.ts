// Sees to it that a reservation ends when its time does, although nothing on the host changes then.
import { Alarm } from "../core/alarm.ts";
import type { Clock } from "../core/clock.ts";
import type { Driver } from "./driver.ts";
import type { Ledger } from "./ledger.ts";

export interface ExpiryOptions {
  readonly ledger: Ledger;
  readonly driver: Pick<Driver, "lead">;
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
  }

  /** A reservation was made, or its end moved. */
  ring(): void {
    this.#alarm.ring();
  }

  /** Until the stop. What was over before is left to the reconciler's first round. */
  async run(): Promise<void> {
    const { clock, stop } = this.#options;
    let checked = clock.wall();
    while (!stop.aborted) {
      const { rings } = this.#alarm; // before the look: what is reserved meanwhile must not be slept over
      const wall = clock.wall();
      await this.#alarm.sleep(this.#lead(checked, wall), rings);
      checked = wall;
    }
  }

  /** Leads what has ended since `checked`; answers with the milliseconds until the next one does. */
  #lead(checked: number, wall: number): number {
    const { ledger, driver } = this.#options;
    let pause = LONGEST_SLEEP_MS;
    for (const claim of ledger.living()) {
      if (claim.kind !== "reservation") continue;
      const left = claim.expiresAt - wall;
      if (left > 0) pause = Math.min(pause, left);
      // The driver tries again by itself what it cannot write down.
      else if (claim.expiresAt > checked) driver.lead(claim.vgpuId);
    }
    return pause;
  }
}
