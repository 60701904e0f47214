// Lines that strangers can cause.
import assert from "node:assert/strict";
import { LimitedLog } from "../../../agent/compose/limited-log.ts";

describe("a limited log", () => {
  it("has room for some lines at once, then for one at a time, and tells how many it left out", () => {
    let now = 0;
    const told: number[] = [];
    const log = new LimitedLog({ now: () => now }, { burst: 2, everyMs: 100 });
    const lines = (count: number): void => {
      for (let line = 0; line < count; line += 1) log.line((leftOut) => told.push(leftOut));
    };
    lines(5);
    assert.deepEqual(told, [0, 0]);
    now = 100;
    lines(2);
    assert.deepEqual(told, [0, 0, 3]);
    now = 10_000;
    lines(3);
    assert.deepEqual(told, [0, 0, 3, 1, 0]);
  });
});
