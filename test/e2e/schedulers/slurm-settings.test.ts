// What slurm.conf has to say beside GRES, so that machines are made for jobs.
import assert from "node:assert/strict";
import { ALL, claimOf, SMALL, SlurmWorld } from "../../schedulers/slurm-world.ts";
import { FOR_EVER } from "../../schedulers/slurm.ts";
import { refusal } from "../harness/rpc.ts";
import { until } from "../harness/until.ts";

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
    const before = (await node.scontrolled()).length;
    await until(
      "it was looked at again and again",
      async () => (await node.scontrolled()).length > before + 2,
    );
    await node.world.startAgain();
    assert.match(await node.node("Reason"), /^disk/);
  });
});
