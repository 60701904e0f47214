// How many streams are open at a time, and what becomes of them when the agent goes down.
import assert from "node:assert/strict";
import { CallRate } from "../../../agent/api/call-rate.ts";
import { RunningCalls } from "../../../agent/api/running-calls.ts";
import { AgentError } from "../../../agent/core/errors.ts";
import { FakeClock } from "../../fakes/clock.ts";

const nobody = (): void => undefined;
const runningCalls = (): RunningCalls =>
  new RunningCalls(
    { changes: 1, connectionChanges: 1, watches: 3, connectionWatches: 2 },
    new CallRate(new FakeClock(), 1),
  );
const refused = (reason: string, begin: () => unknown): void => {
  assert.throws(begin, (error) => error instanceof AgentError && error.reason === reason);
};

describe("the streams of a socket", () => {
  it("are so many on a connection and so many in all, and one that ends makes room", () => {
    const running = runningCalls();
    const leave = running.beginStream(1, nobody);
    running.beginStream(1, nobody);
    refused("TOO_MANY_WATCHES", () => running.beginStream(1, nobody));
    running.beginStream(2, nobody);
    refused("TOO_MANY_WATCHES", () => running.beginStream(3, nobody));
    leave();
    running.beginStream(3, nobody);
  });

  it("are ended when the agent goes down, which waits for none of them", async () => {
    const running = runningCalls();
    const ends: string[] = [];
    running.beginStream(1, ({ reason }) => ends.push(reason));
    running.close();
    assert.deepEqual([ends, running.count], [["STOPPING"], 0]);
    await running.idle();
    refused("STOPPING", () => running.beginStream(1, nobody));
  });
});
