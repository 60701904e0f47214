// The agent's process is killed where it costs most to be wrong; test/long has every point.
import { crashRuns } from "./crash-runs.ts";
import { bed } from "./suite-bed.ts";

describe("an agent on a real kernel that is killed and started again", () => {
  before(() => bed.reset("minimal"));
  after(() => bed.reset("minimal"));

  crashRuns({
    bed: () => bed,
    ends: [
      // Kernel and libvirt have what the ledger only intends.
      ["after start-domain", "create"],
      // The host has less than the ledger says.
      ["after remove-vgpu", "destroy"],
    ],
    log: "dist/testbed-log/crash-points.log",
  });
});
