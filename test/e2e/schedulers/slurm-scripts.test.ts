// A node of a real Slurm stays in service whatever comes before the scripts of docs/examples/slurm that it runs before and after jobs.
import assert from "node:assert/strict";
import { ALL, claimOf, SMALL, SlurmWorld } from "../../schedulers/slurm-world.ts";
import { FOR_EVER } from "../../schedulers/slurm.ts";
import { until } from "../harness/until.ts";

const wholeSeconds = (): number => Math.floor(Date.now() / 1000);
const LITTLE = "--gres=vgpu:1,vgt_low_gm_mb:32,vgt_high_gm_mb:384,vgt_fence:4";

describe("the scripts around Slurm's jobs", function () {
  this.timeout(300_000);
  let node: SlurmWorld;
  before(async () => {
    node = await SlurmWorld.start({ cluster: { PrologEpilogTimeout: 120 } });
    await node.counts(ALL);
  });
  afterEach(async () => {
    await node.setPrologMakes(false);
    await node.cancelAll();
  });
  after(async () => {
    await (node as SlurmWorld | undefined)?.[Symbol.asyncDispose]();
  });

  const isHeld = async (id: string): Promise<void> => {
    await node.slurm.jobsUntil(`job ${id} is held`, (jobs) =>
      jobs.some(
        (job) => job.id === id && job.state === "PENDING" && job.reason === "job requeued in held state",
      ),
    );
  };
  /**
   * Slurm has a job that was queued again wait for two minutes, which may begin anew while it is being queued. slurmd looks through the jobs
   * that it knows at most every two seconds (whole ones), and forgets one that has ended only then: until it does it begins that job
   * without its prolog, or not at all. It looks when a job ends, the last time before it runs the epilog.
   */
  const beginAgain = async (id: string): Promise<void> => {
    await node.slurm.comesTo(id, "PENDING");
    await node.isNode("idle");
    const looked = wholeSeconds();
    await until("slurmd would look once more", () => Promise.resolve(wholeSeconds() >= looked + 2));
    await until(`job ${id} begins`, async () => {
      const job = (await node.slurm.jobs()).find((each) => each.id === id);
      if (job?.state === "PENDING")
        // Refused where it begins at this moment.
        await node.slurm.run("scontrol", "update", `JobId=${id}`, "StartTime=now").catch(() => "");
      return job?.state !== "PENDING";
    });
  };
  const hasItsMachine = async (id: string): Promise<void> => {
    // A job counts as running while the script before it goes on.
    await node.machinesUntil("it has its machine", () => [id]);
    await node.slurm.comesTo(id, "RUNNING");
  };
  /** Queues a job that is to have a machine; resolves with its id when the script before it is about to run that program. */
  const waitingFor = async (program: "scontrol" | "vgpuctl"): Promise<string> => {
    await node.setPrologMakes(true);
    await node.shutGate(program);
    const id = await node.slurm.submit(FOR_EVER, SMALL);
    await node.waitsAtGate();
    return id;
  };
  const whyNone = async (id: string): Promise<string> =>
    (await node.logged()).filter((line) => line.includes(`job ${id} `)).join("\n");

  it("make no machine for a job that has none of vgpud's GRES, whatever it is called", async () => {
    await node.setPrologMakes(true);
    const bare = await node.slurm.submit("true");
    await node.slurm.comesTo(bare, "COMPLETED");
    assert.equal(await whyNone(bare), "");
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
    await isHeld(id);
    assert.match(await whyNone(id), /has no machine \(exit code 1\):/);
    const other = await node.slurm.submit(FOR_EVER, LITTLE, "--no-requeue");
    await node.slurm.comesTo(other, "CANCELLED");
    await node.isNode("idle");
    assert.deepEqual(await node.world.domains(), []);
  });

  it("end a job that is queued again where it had its machine, which is gone for good", async () => {
    await node.setPrologMakes(true);
    const id = await node.slurm.submit(FOR_EVER, SMALL);
    await hasItsMachine(id);
    await node.slurm.run("scontrol", "requeue", id);
    await beginAgain(id);
    await node.slurm.comesTo(id, "CANCELLED");
    assert.match(await whyNone(id), /has no machine \(exit code 7\): .*\[CLAIM_ENDED\]/);
    await node.isNode("idle");
    assert.deepEqual(await node.world.domains(), []);
  });

  it("hold a job while another machine has the name of its own", async () => {
    const other = await node.idleJob(SMALL);
    const id = await node.slurm.submit(FOR_EVER, SMALL, "--hold");
    await node.create(claimOf(other), undefined, `vm-${id}`);
    await node.setPrologMakes(true);
    await node.slurm.run("scontrol", "release", id);
    await isHeld(id);
    assert.match(await whyNone(id), /has no machine \(exit code 7\):/);
    await node.isNode("mixed");
    await node.world.destroy(`vm-${id}`);
  });

  it("wait for a slurmctld that does not answer when a job begins, and make its machine then", async () => {
    const id = await waitingFor("scontrol");
    const pings = async (): Promise<number> =>
      (await node.scontrolled()).filter((line) => line === "ping").length;
    const before = await pings();
    node.slurm.pause();
    try {
      await node.openGate();
      await until("it has asked in vain", async () => (await pings()) > before, 60_000);
      const says = `job ${id} waits for slurmctld, which does not answer`;
      const isSaid = async (): Promise<boolean> => (await node.logged()).some((line) => line.includes(says));
      await until("that is said", isSaid, 60_000);
    } finally {
      node.slurm.continue();
    }
    await hasItsMachine(id);
    await node.isNode("mixed");
    assert.doesNotMatch(await whyNone(id), /has no machine/);
  });

  it("do not bring a job back that is cancelled before it has its machine", async () => {
    const id = await waitingFor("vgpuctl");
    await node.slurm.run("scancel", id);
    await node.openGate();
    await until("its machine is refused", async () =>
      /has no machine \(exit code 1\): .*\[CLAIM_NOT_BOOKED\]/.test(await whyNone(id)),
    );
    await node.isNode("idle");
    await node.slurm.comesTo(id, "CANCELLED");
  });

  it("hold a job while vgpud cannot ask Slurm of it", async () => {
    await node.setPrologMakes(true);
    await node.setSqueue(false);
    try {
      const id = await node.slurm.submit(FOR_EVER, SMALL);
      await isHeld(id);
      assert.match(await whyNone(id), /has no machine \(exit code 8\): .*\[SCHEDULER_UNAVAILABLE\]/);
      await node.isNode("idle");
    } finally {
      await node.setSqueue(true);
    }
  });

  it("fail where vgpud is away when a job begins, and Slurm drains the node", async () => {
    await node.setPrologMakes(true);
    await node.world.kill();
    const id = await node.slurm.submit(FOR_EVER, SMALL);
    await node.isNode("drained");
    assert.equal((await node.node("Reason")).replace(/ \[.*/, ""), "Prolog error");
    assert.match(await whyNone(id), /has no machine \(exit code 8\):/);
    await node.world.startAgain();
    await node.slurm.run("scontrol", "update", "nodename=node1", "state=resume");
    await node.isNode("idle");
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
