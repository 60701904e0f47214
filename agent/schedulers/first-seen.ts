// Since when bookings wait for their domains.
import type { Clock } from "../core/clock.ts";
import type { Findings } from "./scheduler.ts";
import type { HostSupply } from "./supply.ts";

/**
 * Whose domain nobody could see has not waited for it: nobody waits while it is not known which domains there are, and all begin anew
 * when it is.
 */
export class FirstSeen {
  readonly #clock: Pick<Clock, "now">;
  #since: ReadonlyMap<string, number> = new Map();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** To be told before anything is made of a supply. */
  begin({ domainsKnown }: Pick<HostSupply, "domainsKnown">): void {
    if (!domainsKnown) this.#since = new Map();
  }

  /** As in BookedWithoutDomain; now for one that did not wait yet. */
  readonly since = (booking: string): number => this.#since.get(booking) ?? this.#clock.now();

  /** All that wait are those. */
  found(waiting: Findings["withoutDomain"], { domainsKnown }: Pick<HostSupply, "domainsKnown">): void {
    if (domainsKnown) this.#since = new Map(waiting.map(({ booking, since }) => [booking, since]));
  }

  /** It begins anew. */
  forget(booking: string): void {
    this.#since = new Map([...this.#since].filter(([each]) => each !== booking));
  }
}
