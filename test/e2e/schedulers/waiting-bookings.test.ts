// Bookings in a real Placement that wait for their domains while it is not known for a time which domains there are.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Quantity } from "../../../agent/capacity/quantities.ts";
import { systemClock } from "../../../agent/core/clock.ts";
import type { PciAddress } from "../../../agent/core/ids.ts";
import { classesWith, CONSUMER_TYPE, SLICES_CLASS } from "../../../agent/core/placement-names.ts";
import { connectPlacement } from "../../../agent/placement/connect.ts";
import { PlacementScheduler } from "../../../agent/schedulers/placement/placement-scheduler.ts";
import type { HostSupply } from "../../../agent/schedulers/supply.ts";
import { Books, GVT } from "../../schedulers/booked-world.ts";
import { startPlacement, type Placement } from "../../schedulers/placement.ts";

const KNOWN: HostSupply = {
  ...{ hypervisor: "kvm", living: new Set(), domainsKnown: true },
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
const UNKNOWN: HostSupply = { ...KNOWN, domainsKnown: false };
const GRACE_MS = 60_000;

describe("a booking that waits for its domain through an absence of libvirt", function () {
  this.timeout(120_000);
  const { signal } = new AbortController();
  let placement: Placement;
  let books: Books;
  let close: () => void;
  let scheduler: PlacementScheduler;
  let provider: string;
  let consumer: string;
  let now = 0;

  before(async () => {
    placement = await startPlacement();
    books = new Books(placement);
    const settings = {
      endpoint: new URL(placement.url),
      keystone: undefined,
      timeoutMs: 10_000,
      ca: undefined,
    };
    const connected = connectPlacement(settings, systemClock);
    ({ close } = connected);
    scheduler = new PlacementScheduler({
      ...{ api: connected.api, host: () => "blind", root: "own", mark: undefined, aggregates: [] },
      record: { current: undefined, note: () => undefined, settle: () => Promise.resolve(undefined) },
      ...{ classes: classesWith(SLICES_CLASS), graceMs: GRACE_MS, isLiving: () => false },
      ...{ clock: { now: () => now }, stop: signal },
    });
    await scheduler.heal(KNOWN, signal);
    provider = (await books.providers()).find(({ name }) => name !== "blind")?.uuid ?? "";
  });
  beforeEach(async () => {
    consumer = randomUUID();
    await book();
    await scheduler.heal(KNOWN, signal);
  });
  after(async () => {
    (close as (() => void) | undefined)?.();
    await (placement as Placement | undefined)?.stop();
  });

  const book = async (): Promise<void> => {
    assert.equal(await books.claim(consumer, provider, { [GVT.vgpu]: 1 }, CONSUMER_TYPE), 204);
  };
  const givenBackLater = async (): Promise<number> => {
    now += GRACE_MS;
    return (await scheduler.heal(KNOWN, signal)).givenBack;
  };

  for (const what of ["heal", "publish"] as const)
    it(`is given its whole time anew once libvirt is back, of which a ${what} told`, async () => {
      await scheduler[what](UNKNOWN, signal);
      assert.equal(await givenBackLater(), 0);
      assert.equal(await givenBackLater(), 1);
    });

  it("is given its whole time where it was given back and is booked anew before the next comparison", async () => {
    assert.equal(await givenBackLater(), 1);
    await book();
    const { givenBack, withoutDomain } = await scheduler.heal(KNOWN, signal);
    assert.deepEqual([givenBack, withoutDomain.map(({ since }) => since)], [0, [now]]);
    assert.equal(await givenBackLater(), 1);
  });

  it("is given its whole time where it went meanwhile and has come again", async () => {
    await placement.ask("DELETE", `/allocations/${consumer}`);
    await scheduler.heal(UNKNOWN, signal);
    await book();
    assert.equal(await givenBackLater(), 0);
    assert.equal(await givenBackLater(), 1);
  });
});
