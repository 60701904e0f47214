// What systemd hears while the agent runs, on a clock that moves only when told.
import assert from "node:assert/strict";
import { Pulse } from "../../../agent/core/pulse.ts";
import type { Message } from "../../../agent/host/systemd/messages.ts";
import { superviseUntil } from "../../../agent/host/systemd/supervision.ts";
import { FakeClock } from "../../fakes/clock.ts";

class Supervised {
  readonly clock = new FakeClock();
  readonly pulse = new Pulse(() => this.clock.now());
  readonly heard: Message[] = [];
  readonly stuck: number[] = [];
  line = "1 GPU";
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(watchdogMs: number | undefined) {
    this.#running = superviseUntil(this.#stop.signal, {
      messenger: { heard: true, send: (message) => this.heard.push(message) },
      ...{ watchdogMs, pulse: this.pulse, clock: this.clock },
      statusLine: () => this.line,
      onStuck: (overdueMs) => this.stuck.push(overdueMs),
    });
  }

  get feeds(): number {
    return this.heard.filter((message) => "WATCHDOG" in message).length;
  }

  get lines(): (string | undefined)[] {
    return this.heard.flatMap(({ STATUS }) => (STATUS === undefined ? [] : [STATUS]));
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

describe("the supervision by systemd", () => {
  it("feeds the watchdog three times in each of its periods while the loop keeps its word", async () => {
    const agent = new Supervised(30_000);
    agent.pulse.expect(1_000_000);
    await agent.clock.advance(300_000);
    assert.equal(agent.feeds, 30);
    await agent.end();
  });

  it("lets the watchdog starve once the loop is overdue, and says so once", async () => {
    const agent = new Supervised(30_000);
    agent.pulse.expect(60_000);
    await agent.clock.advance(60_000);
    const fed = agent.feeds;
    await agent.clock.advance(120_000);
    assert.equal(agent.feeds, fed);
    assert.equal(agent.stuck.length, 1);
    assert.match(agent.lines.at(-1) ?? "", /stuck/);
    await agent.end();
  });

  it("feeds again when a loop that was slow comes back in time", async () => {
    const agent = new Supervised(30_000);
    agent.pulse.expect(10_000);
    await agent.clock.advance(20_000);
    const fed = agent.feeds;
    agent.pulse.expect(60_000);
    await agent.clock.advance(20_000);
    assert.ok(agent.feeds > fed);
    assert.equal(agent.lines.at(-1), "1 GPU");
    await agent.end();
  });

  it("says the status when it changed, and then at most every few seconds", async () => {
    const agent = new Supervised(undefined);
    await agent.clock.advance(60_000);
    assert.deepEqual(agent.lines, ["1 GPU"]);
    for (let change = 0; change < 100; change += 1) {
      agent.line = `${change} GPUs`;
      await agent.clock.advance(100);
    }
    assert.ok(agent.heard.length <= 4, `${agent.heard.length} messages`);
    await agent.clock.advance(5_000);
    assert.equal(agent.lines.at(-1), "99 GPUs");
    assert.equal(agent.feeds, 0);
    await agent.end();
  });
});
