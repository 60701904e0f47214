// What test/unit/capacity/plan-oracle.test.ts does, on many more hosts and mixes.
import fc from "fast-check";
import { planCases } from "../fakes/plan-cases.ts";
import { agreesWithOracle } from "../fakes/plan-properties.ts";

const RUNS = 100_000;

describe("a plan", () => {
  it(`agrees with the oracle on ${RUNS} hosts and mixes`, function () {
    this.timeout(900_000);
    fc.assert(fc.property(planCases({ gpus: 4, vgpus: 8 }), agreesWithOracle), { numRuns: RUNS });
  });
});
