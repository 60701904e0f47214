import assert from "node:assert/strict";
import { systemClock } from "../../../agent/core/clock.ts";
import { FakeClock } from "../../fakes/clock.ts";

for (const [name, clock] of [
  ["the system's clock", systemClock],
  ["the clock of tests", new FakeClock()],
] as const)
  describe(name, () => {
    it("ends a sleep that is aborted, before it began or after, with an AbortError that has the reason as its cause", async () => {
      const controller = new AbortController();
      const slept = clock.sleep(60_000, controller.signal);
      const cause = new Error("enough");
      controller.abort(cause);
      await assert.rejects(slept, { name: "AbortError", cause });
      await assert.rejects(clock.sleep(60_000, controller.signal), { name: "AbortError", cause });
    });
  });
