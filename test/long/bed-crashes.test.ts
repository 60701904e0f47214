// The agent's process is killed at every point of its work beside a real kernel, libvirt and QEMU, and started again.
import { passedBy, type OperationName, type PointOnKvm } from "../e2e/harness/crash/operations.ts";
import { Bed } from "../testbed/bed.ts";
import { crashRuns } from "../testbed/crash-runs.ts";

/** In the bed a create fails at its slice, and comes to its domain's start only when it succeeds. */
const passedInBed: Readonly<Record<PointOnKvm, OperationName>> = {
  ...passedBy,
  "before start-domain": "create",
};

describe("an agent in the bed that is killed and started again", function () {
  this.timeout(900_000);
  let bed: Bed;
  before(async () => {
    bed = await Bed.start({ share: process.cwd() });
  });
  after(() => bed.stop());

  const points = Object.keys(passedInBed) as PointOnKvm[];
  crashRuns({
    bed: () => bed,
    ends: points.map((point) => [point, passedInBed[point]] as const),
    log: "dist/testbed-log/crash-points-all.log",
  });
});
