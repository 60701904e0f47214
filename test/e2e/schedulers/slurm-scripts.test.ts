// A node of a real Slurm stays in service whatever comes before the scripts of docs/examples/slurm that it runs before and after jobs.
import assert from "node:assert/strict";
import { ALL, claimOf, SMALL, SlurmWorld } from "../../schedulers/slurm-world.ts";
import { FOR_EVER } from "../../schedulers/slurm.ts";
import { until } from "../harness/until.ts";

const LITTLE = "--gres=vgpu:1,vgt_low_gm_mb:32,vgt_high_gm_mb:384,vgt_fence:4";

describe("the scripts around Slurm's jobs", function () {
  this.timeout(300_000);
  let node: SlurmWorld;
  before(async () => {
    node = await SlurmWorld.start();
    await node.counts(ALL);
  });
  afterEach(async () => {
    await node.setPrologMakes(false);
    await node.cancelAll();
  });
  after(async () => {
    await (node as SlurmWorld | undefined)?.[Symbol.asyncDispose]();
  });

  it("make no machine for a job that has none of vgpud's GRES, whatever it is called", async () => {
    await node.setPrologMakes(true);
    await node.slurm.comesTo(await node.slurm.submit("true"), "COMPLETED");
    assert.deepEqual(await node.logged(), []);
    const named = "x\n     Nodes=node1 CPU_IDs=0 Mem=0 GRES=vgpu:7(CNT:7)";
    const id = await node.slurm.submit(FOR_EVER, `--job-name=${named}`);
    await node.slurm.jobsUntil("it is held", (jobs) =>
      jobs.some((job) => job.id === id && job.state === "PENDING" && job.reason !== "None"),
    );
    await node.slurm.run("scancel", id);
    await node.isNode("idle");
  });

  it("hold the job that has too little for its machine, and end one that cannot wait", async () => {
    await node.setPrologMakes(true);
    const id = await node.slurm.submit(FOR_EVER, LITTLE);
    await node.slurm.jobsUntil("it is held", (jobs) =>
      jobs.some(
        (job) => job.id === id && job.state === "PENDING" && job.reason === "job requeued in held state",
      ),
    );
    const [line = ""] = (await node.logged()).filter((each) => each.includes(`job ${id} `));
    assert.match(line, /has no machine \(exit code 1\):/);
    const other = await node.slurm.submit(FOR_EVER, LITTLE, "--no-requeue");
    await node.slurm.comesTo(other, "CANCELLED");
    await node.isNode("idle");
    assert.deepEqual(await node.world.domains(), []);
  });

  it("leave the node in service where vgpud is away when a job ends, and say what may be left", async () => {
    const id = await node.idleJob(SMALL);
    await node.create(claimOf(id));
    await node.world.kill();
    await node.slurm.run("scancel", id);
    const bare = await node.slurm.submit("true");
    await node.slurm.comesTo(bare, "COMPLETED");
    await until("both have ended with a line", async () => {
      const lines = await node.logged();
      return [id, bare].every((job) =>
        lines.some((line) => line.includes(`job ${job} may have left is not destroyed (exit code 8)`)),
      );
    });
    await node.isNode("idle");
    await node.world.startAgain();
    await until("what is left is told", async () =>
      /^vgpud_scheduler_claims_without_booking\{[^}]*\} 1$/m.test(await node.world.scrape()),
    );
    await node.world.destroy("asked");
  });
});
