import assert from "node:assert/strict";
import fc from "fast-check";
import { DomainStatsHistory, type DomainFigures } from "../../../agent/observation/domain-stats.ts";
import { figures, numberedDomain } from "../../fakes/domain-figures.ts";

const EPOCH = 1_767_225_600_000;

function historyOf(
  ...readings: readonly (readonly [seconds: number, domains: readonly DomainFigures[]])[]
): DomainStatsHistory {
  const history = new DomainStatsHistory({ spanMs: 60_000, spacingMs: 10_000 });
  for (const [seconds, domains] of readings)
    history.add({ at: EPOCH + seconds * 1000, takenMs: seconds * 1000, domains });
  return history;
}

describe("the history of domains", () => {
  it("has nothing before the first reading", () => {
    const history = historyOf();
    assert.equal(history.latest, undefined);
    assert.deepEqual(history.since(0), []);
  });

  it("keeps the newest reading whole and adds up the devices of those before", () => {
    const [disk] = figures(3).disks;
    assert.ok(disk);
    const twoDisks = figures(3, { disks: [disk, { ...disk, device: "vdb", readBytes: undefined }] });
    const history = historyOf([0, [twoDisks]]);
    assert.deepEqual(history.latest?.domains, [twoDisks]);
    assert.deepEqual(history.since(0)[0]?.totals(numberedDomain(3)), {
      cpuSeconds: 3,
      memoryBytes: 1 << 29,
      residentBytes: 3 << 20,
      diskReadBytes: 3 * 512,
      diskWriteBytes: 2 * 3 * 1024,
      receivedBytes: 300,
      sentBytes: 600,
    });
  });

  it("tells what was not said from nothing used, and a domain that did not run from both", () => {
    const none = { maximum: undefined, current: undefined, resident: undefined };
    const silent = figures(1, { cpuSeconds: undefined, memory: none, disks: [], interfaces: [] });
    const [reading] = historyOf([0, [silent, figures(2, { cpuSeconds: 0 })]]).since(0);
    assert.deepEqual(new Set(Object.values(reading?.totals(numberedDomain(1)) ?? {})), new Set([undefined]));
    assert.equal(reading?.totals(numberedDomain(2))?.cpuSeconds, 0);
    assert.equal(reading.totals(numberedDomain(9)), undefined);
  });

  it("skips readings that follow too soon, but shows them as the latest", () => {
    const history = historyOf([0, []], [4, []], [10, []], [12, []]);
    assert.deepEqual(
      history.since(0).map(({ takenMs }) => takenMs / 1000),
      [0, 10],
    );
    assert.equal(history.latest?.takenMs, 12_000);
  });

  it("gives what is not older than asked for", () => {
    const history = historyOf([0, []], [10, []], [20, []]);
    assert.deepEqual(
      history.since(EPOCH + 10_000).map(({ at }) => at - EPOCH),
      [10_000, 20_000],
    );
  });

  it("never keeps more than its span holds, however often it is read", () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 100 });
    fc.assert(
      fc.property(gaps, (pauses) => {
        let seconds = 0;
        const history = historyOf(...pauses.map((pause) => [(seconds += pause), []] as const));
        const kept = history.since(0);
        assert.ok(kept.length <= 7, `${kept.length} kept`);
        assert.ok(kept.every(({ takenMs }) => seconds * 1000 - takenMs <= 60_000 + 10_000));
      }),
    );
  });

  it("follows domains that come, go and change places", () => {
    const history = historyOf(
      [0, [figures(1), figures(2)]],
      [10, [figures(2), figures(1)]],
      [20, [figures(2, { cpuSeconds: 50 })]],
    );
    const seen = history
      .since(0)
      .map((reading) => [1, 2].map((n) => reading.totals(numberedDomain(n))?.cpuSeconds));
    assert.deepEqual(seen, [
      [1, 2],
      [1, 2],
      [undefined, 50],
    ]);
  });
});
