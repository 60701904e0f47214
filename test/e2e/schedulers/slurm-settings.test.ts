// What slurm.conf has to say beside GRES, so that machines are made for jobs.
import assert from "node:assert/strict";
import { ALL, claimOf, SMALL, SlurmWorld } from "../../schedulers/slurm-world.ts";
import { FOR_EVER } from "../../schedulers/slurm.ts";
import { refusal } from "../harness/rpc.ts";
import { until } from "../harness/until.ts";

/** slurmd has asked for vgpud anew, and has ended what it does about it. */
async function looked(node: SlurmWorld): Promise<void> {
  // vgpud and the scripts of jobs ask with -d. The first may be of one that was under way.
  const looks = async (): Promise<number> =>
    (await node.scontrolled()).filter((line) => line === "show node node1").length;
  const before = await looks();
  await until("slurmd has asked for vgpud", async () => (await looks()) >= before + 5);
}

describe("Slurm's settings", function () {
  this.timeout(300_000);

  it("by which jobs are given no GRES are told of, and to a job that has asked for some", async () => {
    await using node = await SlurmWorld.start({
      cluster: { SelectType: "select/linear", SelectTypeParameters: "CR_Memory" },
    });
    const says = /SelectType is select\/linear, .*set SelectType=select\/cons_tres/;
    await node.conditionSays("SCHEDULER_UNAVAILABLE", says);
    const { reason, message } = await refusal(node.create(claimOf(await node.idleJob(SMALL))));
    assert.equal(reason, "CLAIM_NOT_BOOKED");
    assert.match(message, says);
    assert.doesNotMatch(message, /--gres/);
  });

  it("by which memory is counted let machines run beside each other", async () => {
    await using node = await SlurmWorld.start({ cluster: { SelectTypeParameters: "CR_Core_Memory" } });
    await node.counts(ALL);
    const ids = [await node.submitMachine(), await node.submitMachine()];
    await node.machinesUntil("both run", (jobs) =>
      ids.every((each) => jobs.some(({ id, state }) => id === each && state === "RUNNING")) ? ids : false,
    );
    await node.cancelAll();
  });

  it("by which slurmd asks for vgpud keep jobs from its node while it is away, and end no other drain", async () => {
    await using node = await SlurmWorld.start({ publish: false, health: true });
    await node.isNode("idle");
    await node.world.kill();
    await node.isNode("drained");
    assert.match(await node.node("Reason"), /^vgpud: it does not answer/);
    const waits = await node.slurm.submit(FOR_EVER, SMALL);
    await node.slurm.comesTo(waits, "PENDING");
    await node.world.startAgain();
    await node.slurm.comesTo(waits, "RUNNING");
    await node.cancelAll();
    await node.slurm.run("scontrol", "update", "nodename=node1", "state=drain", "reason=disk");
    await node.world.kill();
    await looked(node);
    await node.world.startAgain();
    await looked(node);
    assert.match(await node.node("Reason"), /^disk/);
  });

  it("by which slurmd asks for vgpud drain a node that has a note, and end that drain where it serves no more", async () => {
    await using node = await SlurmWorld.start({ publish: false, health: true });
    const update = (...words: readonly string[]): Promise<unknown> =>
      node.slurm.run("scontrol", "update", "nodename=node1", ...words);
    await node.isNode("idle");
    await update("reason=memory was replaced");
    await looked(node);
    await node.isNode("idle");
    await node.world.kill();
    await node.isNode("drained");
    assert.match(await node.node("Reason"), /^vgpud: it does not answer/);
    await update("gres=");
    await node.isNode("idle");
  });

  it("by which slurmd asks for vgpud leave nodes without one in service", async () => {
    await using node = await SlurmWorld.start({ gres: [{ name: "bandwidth", count: 2 }], health: true });
    await node.world.kill();
    await looked(node);
    await node.isNode("idle");
  });
});
