import assert from "node:assert/strict";
import { runTasks, type Task } from "../../../agent/tasks.ts";

const patient = (name: string): Task => ({
  name,
  run: (stop) =>
    new Promise((resolve) => {
      if (stop.aborted) resolve();
      stop.addEventListener("abort", () => {
        resolve();
      });
    }),
});

describe("the agent's long-lived parts", () => {
  it("run until they are told to stop", async () => {
    const stop = new AbortController();
    const running = runTasks([patient("a"), patient("b")], stop.signal);
    stop.abort();
    await running;
  });

  it("are all stopped when one fails, and its name and reason are told", async () => {
    const failing: Task = { name: "libvirt", run: () => Promise.reject(new Error("no luck")) };
    await assert.rejects(runTasks([patient("a"), failing], new AbortController().signal), (error: Error) => {
      assert.equal(error.message, "task libvirt ended: no luck");
      return error.cause instanceof Error && error.cause.message === "no luck";
    });
  });

  it("fail when one returns without being told to", async () => {
    const early: Task = { name: "udev", run: () => Promise.resolve() };
    await assert.rejects(runTasks([patient("a"), early], new AbortController().signal), /task udev ended/);
  });

  it("may fail while they are stopped", async () => {
    const stop = new AbortController();
    const clumsy: Task = {
      name: "clumsy",
      run: async (signal) => {
        await patient("clumsy").run(signal);
        throw new Error("cut off");
      },
    };
    const running = runTasks([clumsy], stop.signal);
    stop.abort();
    await running;
  });
});
