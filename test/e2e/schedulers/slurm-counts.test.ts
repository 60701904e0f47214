// What a real Slurm counts of a node whose jobs run: slurmctld takes no jobs any more on a node of which a count is another one than when it
// registered before, while jobs have some of it.
import assert from "node:assert/strict";
import { HostServiceService as Hosts } from "../../../proto/gen/vgpud/v1/host_service.ts";
import { comesTo } from "../../schedulers/diagnosed.ts";
import { ALL, claimOf, LESS, SMALL, SlurmWorld } from "../../schedulers/slurm-world.ts";
import { FOR_EVER } from "../../schedulers/slurm.ts";
import { refusal } from "../harness/rpc.ts";
import { until } from "../harness/until.ts";

/** All that the GPU has, of which the host keeps a part. */
const GROSS = [
  { name: "vgpu", count: 7 },
  { name: "vgt_low_gm_mb", count: 512 },
  { name: "vgt_high_gm_mb", count: 3584 },
  { name: "vgt_fence", count: 32 },
];

describe("what Slurm counts of a node whose jobs run", function () {
  this.timeout(300_000);
  let node: SlurmWorld;
  before(async () => {
    node = await SlurmWorld.start();
    await node.counts(ALL);
  });
  afterEach(async () => {
    for (const { name } of await node.world.domains()) await node.world.destroy(name);
    await node.cancelAll();
    await node.counts(ALL);
    await node.isNode("idle");
  });
  after(async () => {
    await (node as SlurmWorld | undefined)?.[Symbol.asyncDispose]();
  });

  it("stays, so that the node goes on taking jobs when it registers, and follows when none runs", async () => {
    const job = await node.idleJob("--gres=vgpu:1,vgt_low_gm_mb:65,vgt_high_gm_mb:385,vgt_fence:4");
    await node.create(claimOf(job), ({ vgpu }) => {
      const sizes = { vgtLowGmSz: 65, vgtHighGmSz: 385, vgtFenceSz: 4 };
      vgpu.want = { $case: "sizes", value: sizes };
    });
    await node.takeByOthers();
    await node.compared();
    await node.register();
    await node.counts(ALL);
    await node.isNode("mixed");
    await node.idleJob(SMALL);
    await node.world.destroy("asked");
    await node.cancelAll();
    await node.counts(LESS);
    await node.world.agent.logged(
      /"scheduler":"slurm","what":"node1",.*"vgpu":\{"from":7,"to":6\}.*"msg":"the scheduler was told other counts"/,
    );
    await node.isNode("idle");
    await node.idleJob(SMALL);
    await node.giveBack();
    await node.compared();
    await node.register();
    await node.counts(LESS);
    await node.isNode("mixed");
  });

  it("costs the node its further jobs where somebody changes it: vgpud says what helps, and ends the drain then", async () => {
    await node.idleJob(SMALL);
    await node.slurm.run("scontrol", "update", "nodename=node1", `gres=${LESS}`);
    await node.register();
    await node.conditionSays(
      "SCHEDULER_UNAVAILABLE",
      /count changed and jobs are using them.*run systemctl reload slurmd/,
    );
    await node.counts(ALL);
    await node.slurm.reload();
    await node.isNode("mixed");
  });
});

describe("a node of which slurm.conf has more than jobs may have", function () {
  this.timeout(300_000);

  it("gets no jobs once Slurm has read its files anew while one runs, and is fit for more when it has registered again", async () => {
    await using node = await SlurmWorld.start({ gres: GROSS });
    await node.counts(ALL);
    await node.conditionSays(
      "CONFIGURED_BEYOND_CAPACITY",
      /give this host 128 MiB low GM, 384 MiB high GM, 4 fences more/,
    );
    const id = await node.idleJob(SMALL);
    await node.slurm.run("scontrol", "reconfigure");
    await until("Slurm says why", async () =>
      (await node.node("Reason")).includes(
        "vgt_low_gm_mb count changed and jobs are using them (384 != 512)",
      ),
    );
    await node.counts(ALL);
    await node.slurm.reload();
    await node.isNode("mixed");
    assert.equal((await node.slurm.jobs()).find((job) => job.id === id)?.state, "RUNNING");
  });
});

describe("a node that Slurm takes for unfit while no vgpud runs", () => {
  it("gets each of its counts back from the next vgpud, and jobs with the next reload", async function () {
    this.timeout(300_000);
    await using node = await SlurmWorld.start({ gres: GROSS });
    await node.counts(ALL);
    await node.idleJob(SMALL);
    await node.compared();
    await node.world.agent.end("SIGKILL");
    await node.slurm.run("scontrol", "reconfigure");
    await until("it is unfit", async () => (await node.node("State")).includes("INVALID"));
    await node.world.startAgain();
    await node.counts(ALL);
    await node.slurm.reload();
    await node.isNode("mixed");
  });
});

describe("a node of which Slurm is told nothing", function () {
  this.timeout(300_000);

  it("is said to be so, and that slurm.conf has more for it than jobs may have", async () => {
    await using node = await SlurmWorld.start({ gres: GROSS, publish: false });
    await node.conditionSays(
      "CONFIGURED_BEYOND_CAPACITY",
      /give this host 128 MiB low GM, 384 MiB high GM, 4 fences more .* sends jobs here for that$/,
    );
    await node.world.rpc.call(Hosts.drainHost, { note: "a test" });
    await node.compared();
    assert.deepEqual(
      (await node.scontrolled()).filter((line) => line.includes("update")),
      [],
    );
    assert.match(await node.node("State"), /^IDLE /);
  });

  it("is said to be given out in vain until it is drained there by hand, as the remedy has it", async () => {
    await using node = await SlurmWorld.start({ publish: false });
    const { rpc } = node.world;
    await comesTo(rpc, "SCHEDULER_UNTOLD", "NOT_APPLICABLE");
    await rpc.call(Hosts.drainHost, { note: "a test" });
    const { message, remedy } = await comesTo(rpc, "SCHEDULER_UNTOLD", "FAIL");
    assert.match(message, /gives out what cannot be made: GPU 0000:00:02\.0: it is drained$/);
    const [, order = assert.fail(remedy)] = /\((scontrol update .*?)\)/.exec(remedy) ?? [];
    const [scontrol = "", ...words] = order.replace("NODE", "node1").replace("TEXT", "test").split(" ");
    await node.slurm.run(scontrol, ...words);
    await comesTo(rpc, "SCHEDULER_UNTOLD", "NOT_APPLICABLE");
  });
});

describe("a node of which Slurm's files have less than it counted when jobs came", function () {
  this.timeout(300_000);

  it("is not told more than they have, and comes back once they are as they were", async () => {
    await using node = await SlurmWorld.start();
    await node.counts(ALL);
    await node.idleJob(SMALL);
    const filesGive = async (count: number): Promise<void> => {
      await node.slurm.setGres({ name: "vgpu", count });
      await node.slurm.run("scontrol", "reconfigure");
    };
    await filesGive(5);
    await node.conditionSays("SCHEDULER_UNAVAILABLE", /\(7 != 5\)\): .*: put them back and run scontrol/);
    await node.counts(ALL.replace("vgpu:7", "vgpu:5"));
    await filesGive(7);
    await node.isNode("mixed");
    await node.counts(ALL);
  });
});

describe("a node that Slurm takes for unfit while it is drained", function () {
  this.timeout(300_000);

  it("is said to be undrained by whoever drained it, which vgpud leaves to them", async () => {
    await using node = await SlurmWorld.start({ gres: GROSS });
    await node.counts(ALL);
    await node.idleJob(SMALL);
    await node.slurm.run("scontrol", "update", "nodename=node1", "state=drain", "reason=disk is full");
    await node.slurm.run("scontrol", "reconfigure");
    await node.conditionSays(
      "SCHEDULER_UNAVAILABLE",
      /disk is full\): .*run systemctl reload slurmd .*reason is over end the drain: scontrol update nodename=node1 state=undrain/,
    );
    await node.counts(ALL);
    await node.slurm.reload();
    await until("it is fit", async () => !(await node.node("State")).includes("INVALID"));
    await node.compared();
    assert.match(await node.node("Reason"), /^disk is full/);
    await node.slurm.run("scontrol", "update", "nodename=node1", "state=undrain");
    await node.isNode("mixed");
  });

  it("gets its counts back, is said to need a reload, and takes jobs again with the end of its drain", async () => {
    await using node = await SlurmWorld.start({ gres: GROSS });
    await node.counts(ALL);
    await node.idleJob(SMALL);
    await node.world.rpc.call(Hosts.drainHost, { note: "a test" });
    await node.isNode("draining");
    await node.slurm.run("scontrol", "reconfigure");
    await node.conditionSays(
      "SCHEDULER_UNAVAILABLE",
      /every GPU of this host is drained\): a count was changed.*run systemctl reload slurmd/,
    );
    await node.counts(ALL);
    await node.slurm.reload();
    await until("it is fit", async () => !(await node.node("State")).includes("INVALID"));
    await node.world.rpc.call(Hosts.undrainHost, {});
    await node.isNode("mixed");
  });
});

describe("a node of which no comparison is due", function () {
  this.timeout(300_000);

  it("is counted anew soon after the last job has ended that kept a count as it was", async () => {
    await using node = await SlurmWorld.start({ healEvery: "1h" });
    await node.counts(ALL);
    // What the others count tells that vgpud has seen the host as it is, and that it left the slices as they are.
    await node.idleJob("--gres=vgpu:1");
    await node.takeByOthers();
    await node.counts(LESS.replace("vgpu:6", "vgpu:7"));
    await node.cancelAll();
    await node.counts(LESS);
    await node.idleJob("--gres=vgpu:1");
    await node.giveBack();
    await node.counts(ALL.replace("vgpu:7", "vgpu:6"));
    await node.cancelAll();
    await node.counts(ALL);
    await node.isNode("idle");
  });
});

describe("a node that is down", function () {
  this.timeout(300_000);

  it("comes back by itself with its slurmd, with the counts that it was told meanwhile", async () => {
    await using node = await SlurmWorld.start({ cluster: { ReturnToService: 1, SlurmdTimeout: 5 } });
    await node.counts(ALL);
    await node.slurm.pauseNodes();
    await until("it is down", async () => (await node.node("State")).startsWith("DOWN"), 120_000);
    await node.takeByOthers();
    await node.counts(LESS);
    await node.compared();
    assert.match(await node.node("Reason"), /^Not responding/);
    await node.slurm.continueNodes();
    await node.isNode("idle");
    await node.compared();
    assert.equal(await node.node("Gres"), LESS);
    await node.idleJob(SMALL);
  });
});

describe("a node of which Slurm counts more than there is", function () {
  this.timeout(300_000);

  it("is sent no more once it is full, nor while jobs have more than there is, until there is room again", async () => {
    // What vgpud does here it does not do because it is time.
    await using node = await SlurmWorld.start({ healEvery: "1h" });
    const drainedFor = (reason: RegExp): Promise<unknown> =>
      until("the node is drained", async () => reason.test(await node.node("Reason")));
    const jobs = [];
    for (let count = 1; count <= 6; count += 1) jobs.push(await node.idleJob(SMALL));
    await node.isNode("mixed");
    await node.takeByOthers();
    await drainedFor(/^vgpud: jobs have 64 MiB low GM more/);
    const [refused = "", ...served] = jobs;
    for (const job of served) await node.create(claimOf(job), undefined, `vm-of-${job}`);
    assert.equal((await refusal(node.create(claimOf(refused)))).reason, "APERTURE_EXHAUSTED");
    await node.slurm.run("scancel", refused);
    await drainedFor(/^vgpud: there is no room for a further vGPU/);
    const next = await node.slurm.submit(FOR_EVER, SMALL);
    await node.slurm.comesTo(next, "PENDING");
    await node.giveBack();
    await node.slurm.comesTo(next, "RUNNING");
    await node.create(claimOf(next));
    await node.register();
    await node.isNode("mixed");
  });
});
