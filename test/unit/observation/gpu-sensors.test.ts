// Readings of sensors for scrapes: shared, fresh, and never waited for too long.
import assert from "node:assert/strict";
import { GpuSensors } from "../../../agent/observation/gpu-sensors.ts";
import type { HostFiles } from "../../../agent/discovery/host-files.ts";
import type { Unread } from "../../../agent/inventory/model.ts";
import { FakeClock } from "../../fakes/clock.ts";
import { FakeGpu } from "../../fakes/fake-kernel.ts";
import { pciAddress } from "../../fakes/ids.ts";

/** A card with a frequency, whose driver may fail or hang. */
class Card implements HostFiles {
  asked = 0;
  /** Of all its files. */
  reads = 0;
  driver: () => Promise<string> = () => Promise.resolve("350");

  async read(path: string): Promise<string | undefined> {
    this.reads += 1;
    if (!path.endsWith("/gt_act_freq_mhz")) return undefined;
    this.asked += 1;
    return await this.driver();
  }

  list(): Promise<string[]> {
    return Promise.resolve([]);
  }

  linkName(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  linkParentName(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}

function sensing(count = 1): {
  readonly card: Card;
  readonly clock: FakeClock;
  readonly sensors: GpuSensors;
  readonly told: (readonly Unread[])[];
} {
  const [card, clock] = [new Card(), new FakeClock()];
  const told: (readonly Unread[])[] = [];
  const gpus = Array.from({ length: count }, (_, n) => new FakeGpu(pciAddress(n), 1024).facts());
  const sensors = new GpuSensors({
    files: card,
    clock,
    gpus: () => gpus,
    onReading: (unread) => told.push(unread),
  });
  return { card, clock, sensors, told };
}

const actual = ({ view }: GpuSensors): number | undefined => view.readings[0]?.gts[0]?.frequencyMhz.actual;

describe("the readings of sensors", () => {
  it("serve all who scrape within a second, and are taken anew after it", async () => {
    const { card, clock, sensors } = sensing();
    assert.deepEqual(sensors.view, { readings: [], failing: false });
    await Promise.all([sensors.refresh(1_000, 500), sensors.refresh(1_000, 500)]);
    await clock.advance(1_000);
    await sensors.refresh(1_000, 500);
    assert.deepEqual([card.asked, actual(sensors)], [1, 350]);
    await clock.advance(1);
    card.driver = () => Promise.resolve("900");
    await sensors.refresh(1_000, 500);
    assert.deepEqual([card.asked, actual(sensors)], [2, 900]);
  });

  it("are none while a driver hangs, which nobody waits for, and which is asked once", async () => {
    const { card, clock, sensors } = sensing();
    let answer: (text: string) => void = () => undefined;
    card.driver = () => new Promise((resolve) => (answer = resolve));
    for (let scrapes = 0; scrapes < 3; scrapes += 1) {
      await clock.until(sensors.refresh(1_000, 500));
      assert.deepEqual(sensors.view, { readings: [], failing: true });
    }
    assert.equal(card.asked, 1);
    answer("350");
    await sensors.refresh(1_000, 500);
    assert.deepEqual([actual(sensors), sensors.view.failing], [350, false]);
  });

  it("keep one thread while a driver hangs: nothing else is read meanwhile, of this GPU or of another", async () => {
    const { card, clock, sensors } = sensing(2);
    let answer: (text: string) => void = () => undefined;
    card.driver = () => new Promise((resolve) => (answer = resolve));
    for (let scrapes = 0; scrapes < 3; scrapes += 1) await clock.until(sensors.refresh(1_000, 500));
    const before = card.reads;
    assert.ok(before <= 2, `${before} files`);
    card.driver = () => Promise.resolve("350");
    answer("350");
    await sensors.refresh(1_000, 500);
    assert.ok(card.reads > before);
    assert.deepEqual([sensors.view.readings.length, sensors.view.failing], [2, false]);
  });

  it("fail where a file does, which is told, and show the rest", async () => {
    const { card, sensors, told } = sensing();
    card.driver = () => Promise.reject(new Error("EIO: i/o error, read"));
    await sensors.refresh(1_000, 500);
    assert.deepEqual([sensors.view.failing, sensors.view.readings.length], [true, 1]);
    assert.deepEqual(told, [
      [{ path: `sys/bus/pci/devices/${pciAddress()}/drm/card0/gt_act_freq_mhz`, why: "EIO: i/o error" }],
    ]);
  });
});
