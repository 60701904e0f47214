import assert from "node:assert/strict";
import { DomainSampler, type EndedReading } from "../../../agent/observation/domain-sampler.ts";
import { DomainStatsHistory } from "../../../agent/observation/domain-stats.ts";
import { FakeClock } from "../../fakes/clock.ts";
import { FakeStatsSource, figures } from "../../fakes/domain-figures.ts";

function sampling(): {
  readonly clock: FakeClock;
  readonly source: FakeStatsSource;
  readonly sampler: DomainSampler;
  readonly history: DomainStatsHistory;
  readonly ended: EndedReading[];
  readonly stop: AbortController;
} {
  const clock = new FakeClock();
  const source = new FakeStatsSource();
  const history = new DomainStatsHistory({ spanMs: 600_000, spacingMs: 10_000 });
  const ended: EndedReading[] = [];
  const stop = new AbortController();
  const sampler = new DomainSampler({
    ...{ clock, source, history, stop: stop.signal, intervalMs: 15_000, deadlineMs: 5_000 },
    onReading: (reading) => ended.push(reading),
  });
  return { clock, source, sampler, history, ended, stop };
}

describe("the sampler of domains", () => {
  it("reads at intervals until it is stopped", async () => {
    const { clock, source, sampler, history, stop } = sampling();
    source.answer = [figures(1)];
    const running = sampler.run(stop.signal);
    await clock.advance(45_000);
    assert.equal(source.asked, 4);
    assert.equal(history.since(0).length, 4);
    stop.abort();
    await clock.until(running);
  });

  it("asks again soon after it was refused", async () => {
    const { clock, source, sampler, stop } = sampling();
    source.answer = new Error("libvirt is away");
    const running = sampler.run(stop.signal);
    await clock.advance(1_000);
    assert.equal(sampler.view.failing, true);
    source.answer = [];
    await clock.advance(2_000);
    assert.equal(source.asked, 2);
    assert.equal(sampler.view.failing, false);
    stop.abort();
    await clock.until(running);
  });

  it("serves a reading that is young enough without asking", async () => {
    const { clock, source, sampler } = sampling();
    await sampler.refresh(1_000, 500);
    await clock.advance(1_000);
    await sampler.refresh(1_000, 500);
    assert.equal(source.asked, 1);
    assert.equal(sampler.view.ageSeconds, 1);
    await clock.advance(1);
    await sampler.refresh(1_000, 500);
    assert.equal(source.asked, 2);
    assert.equal(sampler.view.ageSeconds, 0);
  });

  it("serves the old reading after a short wait when libvirt hangs, and asks it only once", async () => {
    const { clock, source, sampler } = sampling();
    source.answer = [figures(1)];
    await sampler.refresh(1_000, 500);
    const old = sampler.view.domains;
    await clock.advance(10_000);
    source.answer = undefined;
    for (let scrape = 1; scrape <= 3; scrape += 1) {
      const asked = clock.now();
      await clock.until(sampler.refresh(1_000, 500));
      assert.equal(clock.now() - asked, 500);
      assert.deepEqual(sampler.view, { domains: old, ageSeconds: 10 + scrape / 2, failing: true });
    }
    assert.equal(source.asked, 2);
  });

  it("serves nothing when libvirt was never heard of", async () => {
    const { source, sampler } = sampling();
    source.answer = new Error("libvirt is away");
    await sampler.refresh(1_000, 500);
    assert.deepEqual(sampler.view, { domains: undefined, ageSeconds: undefined, failing: true });
  });

  it("gives up a reading at its deadline, says so, and reads again", async () => {
    const { clock, source, sampler, ended, stop } = sampling();
    source.answer = undefined;
    const running = sampler.run(stop.signal);
    await clock.advance(5_000);
    assert.match(String(source.givenUp[0]), /no answer within 5000 ms/);
    assert.deepEqual(
      ended.map(({ seconds, error }) => [seconds, error instanceof Error]),
      [[5, true]],
    );
    source.answer = [figures(1)];
    await clock.advance(2_000);
    assert.equal(ended[1]?.error, undefined);
    stop.abort();
    await clock.until(running);
  });

  it("leaves nothing asleep behind", async () => {
    const { clock, sampler } = sampling();
    await sampler.refresh(1_000, 500);
    await clock.rest();
    assert.equal(clock.sleepers, 0);
  });

  it("ends the reading under way when the agent stops, and does not call it a failure", async () => {
    const { clock, source, sampler, ended, stop } = sampling();
    source.answer = undefined;
    const running = sampler.run(stop.signal);
    await clock.rest();
    stop.abort();
    await clock.until(running);
    assert.equal(source.givenUp.length, 1);
    assert.deepEqual(ended, []);
  });
});
