import assert from "node:assert/strict";
import { Turns } from "../../../agent/core/turns.ts";

describe("turns", () => {
  it("let so many work at a time, in the order they came, and whoever fails hands its place on", async () => {
    const turns = new Turns(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const works = [0, 1, 2, 3].map((n) =>
      turns.run(async () => {
        begun.push(n);
        await new Promise<void>((resolve) => ends.push(resolve));
        if (n === 0) throw new Error("it failed");
        return n;
      }),
    );
    const outcomes = Promise.allSettled(works);
    for (const seen of [
      [0, 1],
      [0, 1, 2],
      [0, 1, 2, 3],
    ]) {
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(begun, seen);
      ends.shift()?.();
    }
    for (const end of ends) end();
    assert.deepEqual(
      (await outcomes).map(({ status }) => status),
      ["rejected", "fulfilled", "fulfilled", "fulfilled"],
    );
  });
});
