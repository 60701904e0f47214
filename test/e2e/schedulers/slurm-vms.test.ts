// Virtual machines as jobs of a real Slurm, by the scripts of docs/examples/slurm.
import assert from "node:assert/strict";
import { HostServiceService as Hosts } from "../../../proto/gen/vgpud/v1/host_service.ts";
import { ALL, claimOf, LESS, SMALL, SlurmWorld } from "../../schedulers/slurm-world.ts";
import { FOR_EVER, type SlurmJob } from "../../schedulers/slurm.ts";
import { present } from "../harness/agent-calls.ts";
import { refusal } from "../harness/rpc.ts";
import { until } from "../harness/until.ts";

const running = (jobs: readonly SlurmJob[]) =>
  jobs.filter(({ state }) => state === "RUNNING").map(({ id }) => id);

describe("virtual machines as Slurm's jobs", function () {
  this.timeout(300_000);
  let node: SlurmWorld;
  before(async () => {
    node = await SlurmWorld.start();
    await node.counts(ALL);
  });
  afterEach(async () => {
    await node.cancelAll();
  });
  after(async () => {
    await (node as SlurmWorld | undefined)?.[Symbol.asyncDispose]();
  });

  /** It has its machine, and no other is there. */
  const runsAlone = async (id: string): Promise<void> => {
    await node.machinesUntil("it runs", (jobs) => running(jobs).includes(id) && [id]);
  };

  it("six have room, and the seventh waits until one is cancelled", async () => {
    for (let count = 0; count < 7; count += 1) await node.submitMachine();
    let waiting: SlurmJob | undefined;
    await node.machinesUntil("six run and one waits for room", (jobs) => {
      waiting = jobs.find(({ state, reason }) => state === "PENDING" && reason === "Resources");
      return running(jobs).length === 6 && waiting !== undefined && running(jobs);
    });
    const seventh = waiting?.id ?? "";
    const [first = ""] = running(await node.slurm.jobs());
    await node.slurm.run("scancel", first);
    await node.machinesUntil(
      "the seventh runs in its place",
      (jobs) =>
        running(jobs).includes(seventh) && !jobs.some(({ state }) => state === "COMPLETING") && running(jobs),
    );
    await node.counts(ALL);
  });

  it("have as many processors as their job", async () => {
    const id = await node.submitMachine("--cpus-per-task=3");
    await runsAlone(id);
    assert.deepEqual(
      (await node.world.domains()).map(({ vcpus }) => vcpus),
      [3],
    );
  });

  it("are made by the script before a job where the administrator says what, and end with the job", async () => {
    await node.setPrologMakes(true);
    const id = await node.slurm.submit(FOR_EVER, SMALL);
    await runsAlone(id);
    await node.setPrologMakes(false);
  });

  it("end their job when the guest shuts down, and not before", async () => {
    const id = await node.submitMachine();
    await runsAlone(id);
    const { agent } = node.world;
    await until("its job has looked after it", () =>
      Promise.resolve(
        /GetDomain[^\n]*\n[^]*GetDomain/.test(agent.log.slice(agent.log.indexOf(`"domain":"vm-${id}"`))),
      ),
    );
    assert.deepEqual(running(await node.slurm.jobs()), [id]);
    await node.world.asSomebodyElse(async (libvirt) => {
      await libvirt.destroyDomain(present(await libvirt.lookupDomainByName(`vm-${id}`)));
    });
    await node.machinesUntil(
      "the job is done and its machine gone",
      (jobs) => jobs.some((job) => job.id === id && job.state === "COMPLETED") && [],
    );
  });

  it("end with a job whose script is killed", async () => {
    const id = await node.submitMachine();
    await runsAlone(id);
    await node.slurm.run("scancel", "--signal=KILL", "--full", id);
    await node.machinesUntil("its machine is gone", (jobs) => running(jobs).length === 0 && []);
  });

  it("are made for jobs that began while vgpud was away, once it is back", async () => {
    await node.world.kill();
    const id = await node.submitMachine();
    await until("it has tried in vain", async () => /vgpud/.test(await node.jobSaid(id)));
    await node.world.startAgain();
    await runsAlone(id);
  });

  it("are refused in the name of a job that has no vGPU, too little, or is not on the node", async () => {
    const bare = claimOf(await node.idleJob());
    const little = claimOf(
      await node.idleJob("--gres=vgpu:1,vgt_low_gm_mb:32,vgt_high_gm_mb:384,vgt_fence:4"),
    );
    for (const [claimId, reason] of [
      [bare, "CLAIM_NOT_BOOKED"],
      [little, "CLAIM_NOT_COVERED"],
      [claimOf("99999"), "CLAIM_NOT_BOOKED"],
      [bare.replace("vgpud", "other"), "FIELD_INVALID"],
    ] as const)
      assert.equal((await refusal(node.create(claimId))).reason, reason, claimId);
    assert.deepEqual(await node.world.domains(), []);
    await until("a job without a machine is counted", async () =>
      /^vgpud_scheduler_bookings_without_domain\{pci_address=""\} 1$/m.test(await node.world.scrape()),
    );
  });

  it("are compared again and again without a question for what they have, once that was told", async () => {
    for (let count = 0; count < 4; count += 1) await node.idleJob(SMALL);
    await until("all of them are counted", async () =>
      /^vgpud_scheduler_bookings_without_domain\{pci_address=""\} 4$/m.test(await node.world.scrape()),
    );
    const before = (await node.scontrolled()).length;
    const asked = await until("it has compared twice", async () => {
      const words = (await node.scontrolled()).slice(before);
      return words.filter((line) => line.startsWith("show node")).length >= 2 && words;
    });
    assert.deepEqual(new Set(asked), new Set(["show node -d node1"]));
  });

  it("are not made while Slurm does not answer, and are then", async () => {
    const claimId = claimOf(await node.idleJob(SMALL));
    node.slurm.pause();
    try {
      const { code, reason } = await refusal(node.create(claimId));
      assert.deepEqual([code, reason], ["UNAVAILABLE", "SCHEDULER_UNAVAILABLE"]);
    } finally {
      node.slurm.continue();
    }
    await node.create(claimId);
    await node.world.destroy("asked");
  });

  it("have less room where somebody else takes some, also after Slurm has forgotten it", async () => {
    await node.takeByOthers();
    await node.counts(LESS);
    const before = (await node.scontrolled()).length;
    await node.slurm.run("scontrol", "reconfigure");
    await until("vgpud tells it again", async () =>
      (await node.scontrolled()).slice(before).some((line) => line.includes("gres=")),
    );
    await node.counts(LESS);
    await node.giveBack();
    await node.counts(ALL);
  });

  it("wait while libvirt is away, those that were queued before and those that come, and run when it is back", async () => {
    const goesOn = await node.idleJob(SMALL);
    const large = await node.idleJob("--gres=vgt_low_gm_mb:320,vgpu:1");
    const before = await node.slurm.submit(FOR_EVER, SMALL);
    await node.world.setFaults({ kind: "LIBVIRT_GONE" });
    await until("the node is drained", async () =>
      (await node.node("Reason")).startsWith("vgpud: it is not known which domains there are"),
    );
    await node.counts(ALL);
    const later = await node.slurm.submit(FOR_EVER, SMALL);
    await node.slurm.run("scancel", large);
    await node.slurm.jobsUntil("both wait for the node alone", (jobs) =>
      [before, later].every((each) => {
        const job = jobs.find(({ id }) => id === each);
        return job?.state === "PENDING" && /DRAINED|UnavailableNodes|Priority/.test(job.reason);
      }),
    );
    assert.deepEqual(running(await node.slurm.jobs()), [goesOn]);
    await node.world.clearFaults();
    for (const each of [before, later]) await node.slurm.comesTo(each, "RUNNING");
  });

  it("are not sent to a host that is drained, nor to one that somebody has drained in Slurm", async () => {
    await node.world.rpc.call(Hosts.drainHost, { note: "" });
    await node.isNode("drained");
    assert.match(await node.node("Reason"), /^vgpud: /);
    await node.counts(ALL);
    const waits = await node.slurm.submit(FOR_EVER, SMALL);
    await node.slurm.comesTo(waits, "PENDING");
    await node.world.rpc.call(Hosts.undrainHost, {});
    await node.slurm.comesTo(waits, "RUNNING");
    await node.slurm.run("scancel", waits);
    await node.isNode("idle");
    await node.slurm.run("scontrol", "update", "nodename=node1", "state=drain", "reason=disk");
    await node.takeByOthers();
    await node.counts(LESS);
    await node.isNode("drained");
    await node.slurm.run("scontrol", "update", "nodename=node1", "state=resume");
  });
});
