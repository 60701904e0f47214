// The time that a user gives for all of a command, where many hosts are asked one after the other.
import type { Clock } from "../../core/clock.ts";
import type { AgentUse } from "./agent-use.ts";

/**
 * Less is not enough for a create, which defines a domain, makes a slice and starts QEMU: whoever books then leaves a booking of which
 * nobody knows whether it has a domain.
 */
const CREATE_MS = 10_000;
/** A host that is only asked is given that much at least. Whether it answers is found out within it. */
const TOLD_MS = 1000;

type Kind = "read" | "change";

export class TimeLimit {
  readonly #clock: Pick<Clock, "now">;
  readonly #createMs: number;
  #endsAt: number;

  /** Begins now. */
  constructor(patienceMs: number, clock: Pick<Clock, "now">) {
    this.#clock = clock;
    // Who gives less in all than a create may take has most of it left for one, unless what comes before takes long.
    this.#createMs = Math.min(CREATE_MS, patienceMs / 2);
    this.#endsAt = clock.now() + patienceMs;
  }

  /** Whether there is not enough of it left for a create. */
  get isOver(): boolean {
    return this.leftMs < this.#createMs;
  }

  /** Below 0 once it is over. */
  get leftMs(): number {
    return this.#endsAt - this.#clock.now();
  }

  /**
   * Those of whom each, but for the unhurried, gets no longer than what is left when it is asked, to the nearest second: what was begun has
   * to come to an end all the same.
   */
  within<Agent>(
    agentOf: (host: string, kind: Kind, how?: AgentUse) => Agent,
  ): (host: string, kind: Kind, how?: AgentUse) => Agent {
    return (host, kind, how = {}) => {
      const leftMs = Math.max(Math.round(this.leftMs / TOLD_MS) * TOLD_MS, TOLD_MS);
      return agentOf(host, kind, { ...how, leftMs });
    };
  }

  /** What that takes is not of this time: it has limits of its own, and is not to be hurried. */
  async beside<Result>(work: () => Promise<Result>): Promise<Result> {
    const began = this.#clock.now();
    try {
      return await work();
    } finally {
      this.#endsAt += this.#clock.now() - began;
    }
  }
}
