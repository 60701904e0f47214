// The time that a user gives for all of a command, where many hosts are asked one after the other.
import type { Clock } from "../../core/clock.ts";
import type { AgentUse } from "./opened.ts";

/** Less is not enough for a create: whoever books then leaves a booking of which nobody knows whether it has a domain. */
const LEAST_MS = 1000;
/** A host that does not answer in it is told with it. */
const TOLD_MS = 1000;

type Kind = "read" | "change";

export class TimeLimit {
  readonly #clock: Pick<Clock, "now">;
  readonly #endsAt: number;

  /** Begins now. */
  constructor(patienceMs: number, clock: Pick<Clock, "now">) {
    this.#clock = clock;
    this.#endsAt = clock.now() + patienceMs;
  }

  /** Whether there is not enough of it left to ask one more. */
  get isOver(): boolean {
    return this.#leftMs < LEAST_MS;
  }

  /**
   * Those of whom each gets no longer than what is left when it is asked, to the nearest second: what was begun has to come to an end all
   * the same.
   */
  within<Agent>(
    agentOf: (host: string, kind: Kind, how?: AgentUse) => Agent,
  ): (host: string, kind: Kind, how?: AgentUse) => Agent {
    return (host, kind, how = {}) => {
      const leftMs = Math.max(Math.round(this.#leftMs / TOLD_MS) * TOLD_MS, LEAST_MS);
      return agentOf(host, kind, { ...how, answerMs: Math.min(how.answerMs ?? Infinity, leftMs) });
    };
  }

  get #leftMs(): number {
    return this.#endsAt - this.#clock.now();
  }
}
