import assert from "node:assert/strict";
import { DomainStatsHistory, type DomainFigures } from "../../../agent/observation/domain-stats.ts";
import { lastMinutes } from "../../../agent/observation/status-page/activity.ts";
import { figures, numberedDomain } from "../../fakes/domain-figures.ts";
import { NOON } from "./example-hosts.ts";

/** Readings at seconds after noon, seen at the last of them. */
function seen(...readings: readonly (readonly [seconds: number, domains: readonly DomainFigures[]])[]) {
  const history = new DomainStatsHistory({ spanMs: 60_000, spacingMs: 10_000 });
  for (const [seconds, domains] of readings)
    history.add({ at: NOON + seconds * 1000, takenMs: 5_000 + seconds * 1000, domains });
  return lastMinutes(history, NOON + (readings.at(-1)?.[0] ?? 0) * 1000);
}

describe("the activity of domains", () => {
  it("is what was counted between two readings, per second", () => {
    const { readings } = seen([0, [figures(10)]], [20, [figures(40)]]);
    assert.deepEqual(readings[1]?.domains.get(numberedDomain(10)), undefined);
    const same = figures(40, { id: numberedDomain(10) });
    assert.deepEqual(seen([0, [figures(10)]], [20, [same]]).readings[1]?.domains.get(numberedDomain(10)), {
      cores: 30 / 20,
      memoryBytes: 40 << 20,
      diskReadPerSecond: (30 * 512) / 20,
      diskWritePerSecond: (30 * 1024) / 20,
      receivedPerSecond: (30 * 100) / 20,
      sentPerSecond: (30 * 200) / 20,
    });
  });

  it("is not known but for its memory at the first reading, and after a domain was started anew", () => {
    const one = numberedDomain(1);
    const { readings } = seen(
      [0, [figures(9, { id: one })]],
      [15, [figures(1)]],
      [30, [figures(2, { id: one })]],
    );
    const known = readings.map(({ domains }) => {
      const { memoryBytes, ...rates } = domains.get(one) ?? { memoryBytes: undefined };
      return [memoryBytes !== undefined, Object.values(rates).some((rate) => rate !== undefined)];
    });
    assert.deepEqual(known, [
      [true, false],
      [true, false],
      [true, true],
    ]);
  });

  it("is absent while a domain does not run, and starts from nothing when it does again", () => {
    const one = numberedDomain(1);
    const { readings } = seen([0, [figures(1)]], [15, []], [30, [figures(1)]]);
    assert.deepEqual(
      readings.map(({ domains }) => domains.has(one)),
      [true, false, true],
    );
    assert.equal(readings[2]?.domains.get(one)?.cores, undefined);
  });

  it("takes what the balloon leaves a domain where its share of the host's memory is not told", () => {
    const memory = { maximum: 1 << 30, current: 1 << 29, resident: undefined };
    const [reading] = seen([0, [figures(1, { memory })]]).readings;
    assert.equal(reading?.domains.get(numberedDomain(1))?.memoryBytes, 1 << 29);
  });

  it("reaches back as far as the history does, and no further", () => {
    const { spanMs, readings } = seen([0, []], [15, []], [70, []]);
    assert.equal(spanMs, 60_000);
    assert.deepEqual(
      readings.map(({ at }) => (at - NOON) / 1000),
      [15, 70],
    );
  });
});
