// A Placement that goes away while what changes here is nothing that it has to be told.
import assert from "node:assert/strict";
import type { Quantity } from "../../../agent/capacity/quantities.ts";
import { systemClock as clock } from "../../../agent/core/clock.ts";
import type { PciAddress } from "../../../agent/core/ids.ts";
import { classesWith, SLICES_CLASS } from "../../../agent/core/placement-names.ts";
import { connectPlacement } from "../../../agent/placement/connect.ts";
import { SchedulerKeeper } from "../../../agent/schedulers/keeper.ts";
import { PlacementScheduler } from "../../../agent/schedulers/placement/placement-scheduler.ts";
import type { HostSupply } from "../../../agent/schedulers/supply.ts";
import { startPlacement, type Placement } from "../../schedulers/placement.ts";
import { until } from "../harness/until.ts";

const SUPPLY: HostSupply = {
  hypervisor: "kvm",
  // A guest that is off and has given its slice back.
  living: new Set(["desk-1"]),
  domainsKnown: true,
  gpus: [
    {
      ...{ gpu: "0000:00:02.0" as PciAddress, mode: "gvt-g", platform: undefined, types: [] },
      ...{ drained: false, closed: false, closedBy: [], held: [] },
      offers: new Map<Quantity, { total: number; kept: number; least: number; most: number }>([
        ["slices", { total: 7, kept: 0, least: 1, most: 1 }],
      ]),
    },
  ],
};

describe("a Placement that is not told anything", function () {
  this.timeout(120_000);
  let placement: Placement;
  let close: () => void;
  let keeper: SchedulerKeeper;
  let running: Promise<void>;
  let supply: HostSupply;
  /** How often the keeper has looked whether something has changed. */
  let glances: number;
  const stop = new AbortController();

  before(async () => {
    placement = await startPlacement();
    const settings = {
      endpoint: new URL(placement.url),
      keystone: undefined,
      timeoutMs: 10_000,
      ca: undefined,
    };
    const connected = connectPlacement(settings, clock);
    ({ close } = connected);
    const scheduler = new PlacementScheduler({
      ...{ api: connected.api, host: () => "quiet", root: "own", mark: undefined, aggregates: [] },
      record: { current: undefined, note: () => undefined, settle: () => Promise.resolve(undefined) },
      ...{ classes: classesWith(SLICES_CLASS), graceMs: 1_800_000, isLiving: () => true, clock },
      stop: stop.signal,
    });
    supply = SUPPLY;
    glances = 0;
    keeper = new SchedulerKeeper({
      ...{ scheduler, clock, random: Math.random, onRound: () => undefined },
      // It is compared once.
      ...{ healEveryMs: 3_600_000, firstWithinMs: 0 },
      supply: () => supply,
      drains: () => undefined,
      version: () => {
        glances += 1;
        return [supply];
      },
    });
    running = keeper.run(stop.signal);
  });
  after(async () => {
    stop.abort();
    await (running as Promise<void> | undefined);
    (close as (() => void) | undefined)?.();
    await (placement as Placement | undefined)?.stop();
  });

  it("is not taken to have answered, and is found to be away by what it has to be told", async () => {
    const toldAt = await until("it is told", () => Promise.resolve(keeper.standing.toldAt));
    await placement.kill();
    supply = { ...SUPPLY, living: new Set() };
    const before = glances;
    // The round that this began with ends before the next one looks.
    await until("the change was seen", () => Promise.resolve(glances >= before + 2));
    assert.deepEqual([keeper.standing.toldAt, keeper.standing.failure], [toldAt, undefined]);
    supply = { ...supply, gpus: SUPPLY.gpus.map((gpu) => ({ ...gpu, drained: true })) };
    const failure = await until("it is found away", () => Promise.resolve(keeper.standing.failure));
    assert.deepEqual([failure.kind, keeper.standing.toldAt], ["unreachable", toldAt]);
    await placement.boot();
    await until("it is told again", () => Promise.resolve(keeper.standing.failure === undefined));
    assert.ok((keeper.standing.toldAt ?? 0) > toldAt);
  });
});
