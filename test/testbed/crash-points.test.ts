// The agent's process is killed where the host has less than the ledger says; agent-faults.test.ts kills it while the kernel
// or libvirt is at work, and test/long at every point, as where all is done and not written down.
import { crashRuns } from "./crash-runs.ts";
import { bed } from "./suite-bed.ts";

describe("an agent on a real kernel that is killed and started again", () => {
  before(() => bed.reset("minimal"));
  after(() => bed.reset("minimal"));

  crashRuns({
    bed: () => bed,
    ends: [["after remove-vgpu", "destroy"]],
    log: "dist/testbed-log/crash-points.log",
  });
});
