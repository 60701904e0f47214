// When a guest that reboots is started again: at once, and more and more slowly when it does so in a loop.
import assert from "node:assert/strict";
import type { Restarts } from "../../../agent/lifecycle/claim.ts";
import { pausedUntil, withReboot } from "../../../agent/lifecycle/restarts.ts";

const MINUTE = 60_000;

/** Reboots, each so long after its start; the pauses before the starts. */
function pauses(ranMs: number, reboots: number): readonly number[] {
  let restarts: Restarts | undefined;
  let wall = 0;
  return Array.from({ length: reboots }, () => {
    wall += ranMs;
    restarts = withReboot(restarts, wall);
    const until = pausedUntil(restarts, wall) ?? wall;
    const pause = until - wall;
    wall = until;
    return pause;
  });
}

describe("a guest that reboots", () => {
  it("is started at once three times, and more and more slowly while it goes on", () => {
    assert.deepEqual(pauses(20_000, 11), [
      ...[0, 0, 0, 10_000, 20_000, 40_000, 80_000, 160_000],
      ...[5 * MINUTE, 5 * MINUTE, 5 * MINUTE],
    ]);
  });

  it("begins anew when it has run for ten minutes, whatever the pause before was", () => {
    assert.deepEqual(pauses(10 * MINUTE, 8), [0, 0, 0, 0, 0, 0, 0, 0]);
    const looping = { inRow: 9, at: 0 };
    assert.equal(withReboot(looping, 14 * MINUTE).inRow, 10, "it has run for nine minutes");
    assert.equal(withReboot(looping, 15 * MINUTE).inRow, 1);
  });

  it("is not kept waiting by a clock that was set back", () => {
    assert.equal(pausedUntil({ inRow: 9, at: 60 * MINUTE }, 0), undefined);
    assert.equal(withReboot({ inRow: 9, at: 60 * MINUTE }, 0).inRow, 10);
  });
});
