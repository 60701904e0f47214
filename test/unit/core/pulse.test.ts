import assert from "node:assert/strict";
import { Pulse } from "../../../agent/core/pulse.ts";

describe("a loop's promise to be heard of again", () => {
  let now = 0;
  const pulse = new Pulse(() => now);

  it("is not overdue before anything was promised", () => {
    now = 1e12;
    assert.deepEqual([pulse.overdueMs, pulse.beating], [0, false]);
  });

  it("is overdue from when it was not kept until it is renewed", () => {
    now = 100;
    pulse.expect(50);
    now = 150;
    assert.deepEqual([pulse.overdueMs, pulse.beating], [0, true]);
    now = 151;
    assert.deepEqual([pulse.overdueMs, pulse.beating], [1, false]);
    pulse.expect(10);
    assert.equal(pulse.overdueMs, 0);
  });
});
