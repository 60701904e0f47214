import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { getEventListeners, once } from "node:events";
import { promisify } from "node:util";
import { systemClock } from "../../../agent/core/clock.ts";
import { Deadline } from "../../../agent/core/deadline.ts";

/** Nothing holds the deadline but what itself has begun. */
const COLLECTED = `
import { setTimeout as delay } from "node:timers/promises";
const [{ Deadline }, { systemClock: clock }] = await Promise.all(process.argv.slice(1).map((module) => import(module)));
const { signal: stop } = new AbortController();
const ended = () => { console.log("ended"); process.exit(); };
(() => new Deadline(200, { stop, clock }).signal)().addEventListener("abort", ended);
for (let round = 0; round < 3; round += 1) { await delay(1); globalThis.gc(); }
await delay(30_000);
console.log("never");
`;

function never(_: number, signal: AbortSignal): Promise<void> {
  return once(signal, "abort").then(() => {
    throw new Error("aborted");
  });
}

describe("a deadline", () => {
  it("ends by time as the clock has it, and leaves nothing at the signal that would stop it", async () => {
    const { signal: stop } = new AbortController();
    const slept: number[] = [];
    const clock = { sleep: (ms: number) => Promise.resolve(void slept.push(ms)) };
    using deadline = new Deadline(5000, { stop, clock });
    assert.equal(deadline.isOver, false);
    await once(deadline.signal, "abort");
    assert.deepEqual([deadline.isOver, slept, getEventListeners(stop, "abort")], [true, [5000], []]);
    assert.throws(() => {
      deadline.signal.throwIfAborted();
    }, /^TimeoutError: /);
  });

  it("ends with the reason of who stops it, before it began or after", () => {
    const controller = new AbortController();
    using deadline = new Deadline(5000, { stop: controller.signal, clock: { sleep: never } });
    controller.abort(new Error("enough"));
    using late = new Deadline(5000, { stop: controller.signal, clock: { sleep: never } });
    for (const { signal, isOver } of [deadline, late]) {
      assert.equal(isOver, false);
      assert.throws(() => {
        signal.throwIfAborted();
      }, /^Error: enough$/);
    }
  });

  it("ends with what a clock fails with, so that nobody waits for ever", async () => {
    const { signal: stop } = new AbortController();
    const clock = { sleep: () => Promise.reject(new Error("no clock")) };
    using deadline = new Deadline(5000, { stop, clock });
    await once(deadline.signal, "abort");
    assert.throws(() => {
      deadline.signal.throwIfAborted();
    }, /^Error: no clock$/);
    assert.equal(deadline.isOver, false);
    assert.deepEqual(getEventListeners(stop, "abort"), []);
  });

  it("gives up its timer once it is disposed of, and leaves nothing at the signal that would stop it", async () => {
    const { signal: stop } = new AbortController();
    let slept: Promise<void> = Promise.resolve();
    const sleep: typeof systemClock.sleep = (ms, signal) => (slept = systemClock.sleep(ms, signal));
    {
      using deadline = new Deadline(2 ** 31 - 1, { stop, clock: { sleep } });
      assert.equal(deadline.signal.aborted, false);
    }
    await assert.rejects(slept, { name: "AbortError" });
    assert.deepEqual(getEventListeners(stop, "abort"), []);
  });

  it("does not end at once where it is longer than a timer of Node.js can be", async () => {
    const { signal: stop } = new AbortController();
    using long = new Deadline(2 ** 31, { stop, clock: systemClock });
    using short = new Deadline(20, { stop, clock: systemClock });
    await once(short.signal, "abort");
    assert.deepEqual([short.isOver, long.isOver], [true, false]);
  });

  it("ends by time also where nobody else holds it, and all memory was collected", async () => {
    const words = ["--expose-gc", "--input-type=module", "--eval", COLLECTED];
    const modules = ["deadline", "clock"].map(
      (name) => new URL(`../../../agent/core/${name}.js`, import.meta.url).href,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [...words, ...modules]);
    assert.equal(stdout, "ended\n");
  });
});
