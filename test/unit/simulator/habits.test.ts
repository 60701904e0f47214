import assert from "node:assert/strict";
import fc from "fast-check";
import { habitsOf } from "../../../agent/simulator/libvirt/habits.ts";

describe("the habits of simulated guests", () => {
  it("never let a count fall, for any name at any time", () => {
    const time = fc.double({ min: 0, max: 1e7, noNaN: true });
    fc.assert(
      fc.property(fc.string(), time, fc.double({ min: 0, max: 100, noNaN: true }), (name, seconds, more) => {
        const { cpu, reads, writes, received, sent } = habitsOf(name);
        for (const load of [cpu, reads, writes, received, sent])
          assert.ok(load.until(seconds + more) - load.until(seconds) >= -1e-3);
      }),
    );
  });

  it("keep a guest within its processors and its memory", () => {
    fc.assert(
      fc.property(fc.string(), fc.double({ min: 0, max: 1e6, noNaN: true }), (name, seconds) => {
        const { cpu, residentShare } = habitsOf(name);
        assert.ok(cpu.until(seconds + 1) - cpu.until(seconds) < 1);
        assert.ok(residentShare(seconds) > 0 && residentShare(seconds) < 1);
      }),
    );
  });

  it("differ from guest to guest and from minute to minute, and are the same in every run", () => {
    const minutes = (name: string): number[] =>
      [0, 1, 2, 3].map((minute) => {
        const { cpu } = habitsOf(name);
        return Math.round(cpu.until(minute * 60 + 60) - cpu.until(minute * 60));
      });
    assert.deepEqual(minutes("web-1"), minutes("web-1"));
    assert.notDeepEqual(minutes("web-1"), minutes("web-2"));
    assert.ok(new Set(minutes("web-1")).size > 1, minutes("web-1").join(" "));
  });
});
