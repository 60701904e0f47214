import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { untilAborted } from "../../../agent/core/until-aborted.ts";

describe("waiting until aborted", () => {
  it("gives what the promise gives or throws, and leaves nothing at the signal", async () => {
    const { signal } = new AbortController();
    assert.equal(await untilAborted(Promise.resolve(7), signal), 7);
    await assert.rejects(untilAborted(Promise.reject(new Error("no")), signal), /^Error: no$/);
    assert.deepEqual(getEventListeners(signal, "abort"), []);
  });

  it("ends with the signal's reason, before or after the wait began, whatever becomes of the promise", async () => {
    const controller = new AbortController();
    let fail: (error: Error) => void = () => undefined;
    const promise = new Promise<never>((_resolve, reject) => {
      fail = reject;
    });
    const waiting = untilAborted(promise, controller.signal);
    controller.abort(new Error("enough"));
    await assert.rejects(waiting, /enough/);
    await assert.rejects(untilAborted(promise, controller.signal), /enough/);
    fail(new Error("nobody listens"));
  });
});
