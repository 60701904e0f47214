// The planner against an oracle that tries everything, and against a kernel on which the plan is made.
import fc from "fast-check";
import { agreesWithOracle, canBeMade } from "../../fakes/plan-properties.ts";
import { planCases } from "../../fakes/plan-cases.ts";

const RUNS = 5_000;

describe("a plan", () => {
  it(`has as many vGPUs as can be and none that cannot, on ${RUNS} hosts and mixes`, function () {
    this.timeout(60_000);
    fc.assert(fc.property(planCases({ gpus: 3, vgpus: 7 }), agreesWithOracle), { numRuns: RUNS });
  });

  it("can be made in its order by the kernel, which then has no room for what it left out", () => {
    fc.assert(fc.property(planCases({ gpus: 4, vgpus: 30 }), canBeMade), { numRuns: 500 });
  });
});
