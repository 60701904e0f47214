// A scheduler that a keeper keeps told, and a clock that moves only when a test says so.
import { SchedulerKeeper, type EndedRound } from "../../../agent/schedulers/keeper.ts";
import { nothingFound, type Untold } from "../../../agent/schedulers/scheduler.ts";
import type { HostSupply } from "../../../agent/schedulers/supply.ts";
import { FakeClock } from "../../fakes/clock.ts";

export const NOTHING: HostSupply = { hypervisor: "kvm", gpus: [], living: new Set(), domainsKnown: true };
export const MINUTE = 60_000;

/** A scheduler that notes when it is told, and fails while it is told to. */
export class Told {
  readonly clock = new FakeClock();
  readonly rounds: EndedRound[] = [];
  readonly asked: string[] = [];
  supply: HostSupply | undefined = NOTHING;
  version = 0;
  drains: unknown = {};
  failure: Error | undefined;
  /** What it refuses, and takes again only when all is compared. */
  untold: readonly Untold[] = [];
  /** Whether it knows something to end that the host does not see. */
  isPassing = false;
  /** Whether what it is told is news to it. */
  isNews = true;
  random = 0.5;
  /** What happens while it is asked. */
  meanwhile: () => void = () => undefined;
  readonly stop = new AbortController();
  readonly keeper = new SchedulerKeeper({
    scheduler: {
      ...{ name: "fake", manner: { isTold: true, booksBy: "allocation", mayOversend: false } },
      publish: () =>
        this.#note("publish", { answered: this.isNews, untold: this.untold, isPassing: this.isPassing }),
      heal: () =>
        this.#note("heal", {
          ...{ ...nothingFound, givenBack: 1 },
          ...{ untold: this.untold, isPassing: this.isPassing },
        }),
    },
    supply: () => this.supply,
    version: () => [this.version],
    drains: () => this.drains,
    healEveryMs: 5 * MINUTE,
    firstWithinMs: 30_000,
    clock: this.clock,
    random: () => this.random,
    onRound: (round) => this.rounds.push(round),
  });
  readonly ended = this.keeper.run(this.stop.signal);

  #note<T>(what: string, value: T): Promise<T> {
    this.asked.push(`${what} at ${this.clock.now()}`);
    this.meanwhile();
    return this.failure ? Promise.reject(this.failure) : Promise.resolve(value);
  }

  /** What was asked since the last time. */
  taken(): string[] {
    return this.asked.splice(0);
  }
}
