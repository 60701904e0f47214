// Many hosts' agents as far as a scheduler has to do with them: the shipped publish-and-heal loops, each of a host of its own, in one
// process, with everything they send counted.
import { setMaxListeners } from "node:events";
import { systemClock as clock } from "../../agent/core/clock.ts";
import { classesWith, SLICES_CLASS } from "../../agent/core/placement-names.ts";
import { parsePciAddress, type PciAddress } from "../../agent/core/ids.ts";
import type { Quantity } from "../../agent/capacity/quantities.ts";
import { connectPlacement } from "../../agent/placement/connect.ts";
import { SchedulerKeeper, type EndedRound } from "../../agent/schedulers/keeper.ts";
import { markOf } from "../../agent/schedulers/placement/mark.ts";
import { PlacementScheduler } from "../../agent/schedulers/placement/placement-scheduler.ts";
import type { KnownRoot, RootRecord } from "../../agent/schedulers/placement/root-record.ts";
import type { HostSupply } from "../../agent/schedulers/supply.ts";

export interface FleetOptions {
  readonly url: string;
  readonly hosts: number;
  readonly healEveryMs: number;
  readonly firstWithinMs: number;
}

/** What a fleet has sent since it was last asked. */
export interface Traffic {
  readonly requests: number;
  readonly writes: number;
  /** Answered with 5xx, or not at all. */
  readonly failed: number;
  /** Requests answered in the second that had most. */
  readonly peak: number;
  /** Rounds that were done, by kind. */
  readonly heals: number;
  readonly failedRounds: number;
  readonly seconds: number;
}

const GPU = parsePciAddress("0000:00:02.0") as PciAddress;

/** One GPU with GVT-g, empty: nothing of it changes. */
const SUPPLY: HostSupply = {
  hypervisor: "kvm",
  ...{ living: new Set(), domainsKnown: true },
  gpus: [
    {
      ...{
        gpu: GPU,
        mode: "gvt-g",
        platform: "Broadwell",
        drained: false,
        closed: false,
        closedBy: [],
        held: [],
      },
      types: [1, 2, 4, 8].map((size) => `i915-GVTg_V5_${size}`),
      offers: new Map<Quantity, { total: number; kept: number; least: number; most: number }>([
        ["slices", { total: 7, kept: 0, least: 1, most: 1 }],
        ["lowGmMib", { total: 1024, kept: 128, least: 64, most: 512 }],
        ["highGmMib", { total: 3072, kept: 384, least: 384, most: 2048 }],
        ["fences", { total: 32, kept: 4, least: 4, most: 4 }],
      ]),
    },
  ],
};

export class Fleet implements AsyncDisposable {
  readonly #options: FleetOptions;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[];
  readonly #healed = new Set<number>();
  #since = clock.now();
  #bySecond = new Map<number, number>();
  #writes = 0;
  #failed = 0;
  #heals = 0;
  #failedRounds = 0;

  /** All begin at once, as after a power cut. `records` are their state directories, which outlive a fleet. */
  constructor(options: FleetOptions, records: Map<number, KnownRoot>) {
    this.#options = options;
    // Each host's rests listen for the end.
    setMaxListeners(0, this.#stop.signal);
    this.#running = Array.from({ length: options.hosts }, (_, host) => this.#agent(host, records));
  }

  /** Resolves when each host has told Placement all it has. */
  async told(): Promise<void> {
    while (this.#healed.size < this.#options.hosts) await clock.sleep(100, this.#stop.signal);
  }

  /** What was sent in the meantime; counting begins anew. */
  traffic(): Traffic {
    const counts = [...this.#bySecond.values()];
    const seen = {
      requests: counts.reduce((sum, count) => sum + count, 0),
      peak: Math.max(0, ...counts),
      ...{ writes: this.#writes, failed: this.#failed, heals: this.#heals, failedRounds: this.#failedRounds },
      seconds: (clock.now() - this.#since) / 1000,
    };
    this.#since = clock.now();
    this.#bySecond = new Map();
    [this.#writes, this.#failed, this.#heals, this.#failedRounds] = [0, 0, 0, 0];
    return seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  #agent(host: number, records: Map<number, KnownRoot>): Promise<void> {
    const { url, healEveryMs, firstWithinMs } = this.#options;
    const { api, close } = connectPlacement(
      { endpoint: new URL(url), keystone: undefined, timeoutMs: 10_000, ca: undefined },
      {
        ...clock,
        onEnd: ({ method, answer }) => {
          this.#sent(method, answer?.status);
        },
      },
    );
    const scheduler = new PlacementScheduler({
      api,
      host: () => `fleet-${String(host).padStart(5, "0")}`,
      record: recordIn(records, host),
      mark: markOf(`of host ${host}`),
      ...{
        root: "own",
        classes: classesWith(SLICES_CLASS),
        aggregates: [],
        graceMs: 1_800_000,
        clock,
      },
      ...{ isLiving: () => false, stop: this.#stop.signal },
    });
    const keeper = new SchedulerKeeper({
      ...{ scheduler, healEveryMs, firstWithinMs, clock, random: Math.random },
      ...{ supply: () => SUPPLY, version: () => [], drains: () => undefined },
      onRound: (round) => {
        this.#ended(host, round);
      },
    });
    return keeper.run(this.#stop.signal).finally(close);
  }

  #sent(method: string, status: number | undefined): void {
    const second = Math.floor(clock.now() / 1000);
    this.#bySecond.set(second, (this.#bySecond.get(second) ?? 0) + 1);
    if (method !== "GET") this.#writes += 1;
    if (status === undefined || status >= 500) this.#failed += 1;
  }

  #ended(host: number, { standing: { failure } }: EndedRound): void {
    if (failure) {
      this.#failedRounds += 1;
      return;
    }
    this.#heals += 1;
    this.#healed.add(host);
  }
}

function recordIn(records: Map<number, KnownRoot>, host: number): RootRecord {
  return {
    get current(): KnownRoot | undefined {
      return records.get(host);
    },
    note: (known) => {
      records.set(host, known);
    },
    settle: () => Promise.resolve(undefined),
  };
}
