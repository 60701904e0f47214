import assert from "node:assert/strict";
import { Patience } from "../../../agent/core/patience.ts";
import { FakeClock } from "../../fakes/clock.ts";

class Waiting {
  readonly clock = new FakeClock();
  readonly stop = new AbortController();
  readonly over: string[] = [];
  readonly patience = new Patience(this.clock, 1_000, this.stop.signal);

  begin(name: string): () => void {
    return this.patience.begin(() => {
      this.over.push(name);
    });
  }
}

describe("a patience", () => {
  it("ends for each as long after it began, with one timer for all", async () => {
    const waiting = new Waiting();
    waiting.begin("first");
    await waiting.clock.advance(400);
    waiting.begin("second");
    assert.equal(waiting.clock.sleepers, 1);
    await waiting.clock.advance(599);
    assert.deepEqual(waiting.over, []);
    await waiting.clock.advance(1);
    assert.deepEqual(waiting.over, ["first"]);
    await waiting.clock.advance(400);
    assert.deepEqual(waiting.over, ["first", "second"]);
  });

  it("does not end for who has what it waited for", async () => {
    const waiting = new Waiting();
    const leave = waiting.begin("served");
    waiting.begin("left");
    leave();
    await waiting.clock.advance(1_000);
    assert.deepEqual(waiting.over, ["left"]);
  });

  it("watches again for who comes after all have gone", async () => {
    const waiting = new Waiting();
    waiting.begin("first")();
    await waiting.clock.advance(1_000);
    assert.equal(waiting.clock.sleepers, 0);
    waiting.begin("second");
    await waiting.clock.advance(1_000);
    assert.deepEqual(waiting.over, ["second"]);
  });

  it("keeps no timer once it is stopped", async () => {
    const waiting = new Waiting();
    waiting.begin("first");
    waiting.stop.abort();
    await waiting.clock.advance(1_000);
    waiting.begin("second");
    await waiting.clock.advance(1_000);
    assert.deepEqual(waiting.over, []);
    assert.equal(waiting.clock.sleepers, 0);
  });
});
