// How perf is asked, and what is made of what it prints. The lines are perf 6.1's own, of events named as hostd names them.
import assert from "node:assert/strict";
import { countArguments, figureIn, lookArguments } from "../../../agent/hostd/perf-stat.ts";

const GPU = "0000:03:00.0";
const RENDER = { gt: 0, engine: "render", instance: 0 } as const;

describe("perf stat", () => {
  it("is asked once for each engine that there may be, in no group, of the GPU's own PMU", () => {
    const words = lookArguments(GPU, [RENDER, { gt: 1, engine: "video-enhance" }]);
    assert.deepEqual(words.slice(0, 8), [
      "stat",
      "-x",
      ";",
      "--log-fd",
      "1",
      "--all-cpus",
      "--timeout",
      "10",
    ]);
    const events = words.slice(8).filter((word) => word !== "-e");
    assert.equal(events.length, 1 + 4);
    assert.equal(
      events[0],
      "xe_0000_03_00.0/engine-active-ticks,function=0,gt=0,engine_class=0,engine_instance=0,name=f0_gt0_c0_i0_active/",
    );
    assert.match(events[4] ?? "", /function=0,gt=1,engine_class=3,engine_instance=3,/);
  });

  it("counts both figures of an engine in one group, for each function", () => {
    const engines = [RENDER, { gt: 0, engine: "video", instance: 1 } as const];
    const words = countArguments(GPU, { functions: [1, 3], engines }, 1_000);
    assert.deepEqual(words.slice(0, 8), ["stat", "-x", ";", "--log-fd", "1", "--all-cpus", "-I", "1000"]);
    assert.deepEqual(words.slice(-2), [
      "-e",
      "{xe_0000_03_00.0/engine-active-ticks,function=3,gt=0,engine_class=2,engine_instance=1,name=f3_gt0_c2_i1_active/," +
        "xe_0000_03_00.0/engine-total-ticks,function=3,gt=0,engine_class=2,engine_instance=1,name=f3_gt0_c2_i1_total/}",
    ]);
    assert.equal(words.filter((word) => word === "-e").length, 4);
  });

  const lines: readonly [string, string, ReturnType<typeof figureIn>][] = [
    [
      "a count in an interval",
      "     0.200568545;925531204;;f1_gt0_c0_i0_active;402405304;100.00;;",
      { function: 1, engine: RENDER, ticks: "active", isThere: true, value: 925_531_204 },
    ],
    [
      "a count of the whole time, with a unit",
      "0.00;Joules;f12_gt1_c2_i3_total;27347730;100.00;;",
      {
        function: 12,
        engine: { gt: 1, engine: "video", instance: 3 },
        ticks: "total",
        isThere: true,
        value: 0,
      },
    ],
    [
      "an event that the driver does not have, by whoever may not see the kernel",
      "<not supported>;;f0_gt0_c0_i0_active:u;0;100.00;;",
      { function: 0, engine: RENDER, ticks: "active", isThere: false, value: undefined },
    ],
    [
      "an event that has not been counted yet",
      "     1.001;<not counted>;;f1_gt0_c0_i0_active;0;0.00;;",
      { function: 1, engine: RENDER, ticks: "active", isThere: true, value: undefined },
    ],
    [
      "a counter that stepped back",
      "     1.001;18446744073709551000;;f1_gt0_c0_i0_active;1;100.00;;",
      { function: 1, engine: RENDER, ticks: "active", isThere: true, value: 0 },
    ],
    ["an event of others", "47236150;;msr/tsc/;20540411;100.00;;", undefined],
    ["a class that there is not", "1;;f1_gt0_c7_i0_active;1;100.00;;", undefined],
    ["a name that goes on", "1;;f1_gt0_c0_i0_actively;1;100.00;;", undefined],
    ["nothing", "", undefined],
  ];
  for (const [what, line, figure] of lines)
    it(`is understood of ${what}`, () => {
      assert.deepEqual(figureIn(line), figure);
    });
});
