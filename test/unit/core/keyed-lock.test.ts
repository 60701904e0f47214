// One change at a time per key.
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import { KeyedLock } from "../../../agent/core/keyed-lock.ts";

interface Job {
  readonly work: () => Promise<void>;
  readonly finish: () => void;
}

/** Work that writes its name down when it starts and ends when it is told. */
function job(name: string, log: string[]): Job {
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const work = (): Promise<void> => {
    log.push(name);
    return finished;
  };
  return {
    work,
    finish: () => {
      finish();
    },
  };
}

describe("the keyed lock", () => {
  it("runs one after the other for one key, in the order they came", async () => {
    const lock = new KeyedLock<string>();
    const log: string[] = [];
    const jobs = ["a", "b", "c"].map((name) => job(name, log));
    const all = Promise.all(jobs.map(({ work }) => lock.run("gpu", work)));
    for (const [at, { finish }] of jobs.entries()) {
      await turn();
      assert.deepEqual(log, ["a", "b", "c"].slice(0, at + 1));
      finish();
    }
    await all;
  });

  it("lets different keys run side by side", async () => {
    const lock = new KeyedLock<string>();
    const log: string[] = [];
    const jobs = ["a", "b"].map((name) => job(name, log));
    const all = Promise.all(jobs.map(({ work }, at) => lock.run(`gpu-${at}`, work)));
    await turn();
    assert.deepEqual(log, ["a", "b"]);
    for (const { finish } of jobs) finish();
    await all;
  });

  it("goes on after a failure, which only its own caller hears", async () => {
    const lock = new KeyedLock<string>();
    const failed = lock.run("gpu", () => Promise.reject(new Error("no")));
    const thrown = lock.run("gpu", () => {
      throw new Error("never");
    });
    const after = lock.run("gpu", () => Promise.resolve("done"));
    await assert.rejects(failed, /no/);
    await assert.rejects(thrown, /never/);
    assert.equal(await after, "done");
  });
});
