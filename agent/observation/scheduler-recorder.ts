// Counts what happens between this host and the scheduler in front of it.
import { schedulerTroubles, type SchedulerTrouble } from "../diagnosis/scheduler-reading.ts";
import type { RegisteredEvents } from "./event-registry.ts";
import {
  roundOutcomes,
  schedulerMethods,
  schedulerRounds,
  statusClasses,
  verificationOutcomes,
  type VerificationOutcome,
} from "./scheduler-events.ts";

export interface SchedulerRound {
  readonly round: (typeof schedulerRounds)[number];
  readonly outcome: (typeof roundOutcomes)[number];
  /** Undefined: all was told. */
  readonly trouble: SchedulerTrouble | undefined;
  /** Bookings that it gave back. */
  readonly givenBack: number;
}

export interface SchedulerRequest {
  readonly method: (typeof schedulerMethods)[number];
  /** Of HTTP; undefined where no answer came. */
  readonly status: number | undefined;
  readonly seconds: number;
}

export class SchedulerRecorder {
  readonly #events: RegisteredEvents;

  constructor(events: RegisteredEvents) {
    this.#events = events;
  }

  /** There is a scheduler: each of its series is there at once, and hosts without one have none. */
  announce(): void {
    const events = this.#events;
    for (const round of schedulerRounds)
      for (const outcome of roundOutcomes) events.schedulerRounds.inc({ round, outcome }, 0);
    for (const failure of schedulerTroubles) events.schedulerFailures.inc({ failure }, 0);
    for (const method of schedulerMethods) {
      events.schedulerDuration.zero({ method });
      for (const status of statusClasses) events.schedulerRequests.inc({ method, status }, 0);
    }
    for (const outcome of verificationOutcomes) events.schedulerVerifications.inc({ outcome }, 0);
  }

  round({ round, outcome, trouble, givenBack }: SchedulerRound): void {
    this.#events.schedulerRounds.inc({ round, outcome });
    if (trouble !== undefined) this.#events.schedulerFailures.inc({ failure: trouble });
    this.#events.schedulerGivenBack.inc(givenBack);
  }

  request({ method, status, seconds }: SchedulerRequest): void {
    this.#events.schedulerRequests.inc({ method, status: classOf(status) });
    this.#events.schedulerDuration.observe({ method }, seconds);
  }

  verification(outcome: VerificationOutcome): void {
    this.#events.schedulerVerifications.inc({ outcome });
  }
}

/** What is none of HTTP's is as good as no answer. */
function classOf(status: number | undefined): (typeof statusClasses)[number] {
  const first = Math.floor((status ?? 0) / 100);
  return statusClasses.find((name) => name === `${first}xx`) ?? "none";
}
