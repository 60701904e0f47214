// What is said of a node that Slurm takes for unfit for jobs: only what helps, and only what vgpud does then.
import assert from "node:assert/strict";
import type { SlurmScheduler } from "../../../../agent/schedulers/slurm/slurm-scheduler.ts";
import type { HostSupply } from "../../../../agent/schedulers/supply.ts";
import { FakeSlurm } from "../../../fakes/fake-slurm.ts";
import { NODE, schedulerOf } from "./scheduler-of.ts";
import { ALL, FOREIGN, gpu, host, SMALL_GRES } from "./supply-of.ts";

const { signal } = new AbortController();
const BY_OTHERS = { state: "IDLE+DRAIN", reason: "disk is full" };

describe("a node that Slurm takes for unfit", () => {
  let slurm: FakeSlurm;
  let scheduler: SlurmScheduler;
  beforeEach(() => {
    slurm = new FakeSlurm(NODE);
    scheduler = schedulerOf(slurm);
  });
  const isUnfit = async (message: RegExp, supply: HostSupply = host()): Promise<void> => {
    await assert.rejects(scheduler.heal(supply, signal), { kind: "node-invalid", message });
  };
  const run = (gres = SMALL_GRES): void => {
    slurm.jobs.set("17", { state: "RUNNING", gres });
  };

  it("needs its drain ended by hand where that was somebody else's, and vgpud promises no more", async () => {
    await scheduler.heal(host(), signal);
    run();
    Object.assign(slurm, BY_OTHERS);
    slurm.reconfigure();
    const byHand =
      /set the counts back: run systemctl reload slurmd on the node, and once that .* yourself: scontrol update nodename=node1 state=undrain$/;
    await isUnfit(byHand);
    slurm.register();
    await scheduler.heal(host(), signal);
    assert.deepEqual([slurm.state, slurm.reason], ["IDLE+DRAIN", "disk is full"]);
    Object.assign(slurm, { state: "IDLE+DRAIN+INVALID_REG" });
    scheduler = schedulerOf(slurm);
    await isUnfit(/slurmctld's log tells .* yourself: scontrol update nodename=node1 state=undrain$/);
  });

  it("gets the end of vgpud's own drain within 15 s of a reload, or when jobs may come", async () => {
    await scheduler.heal(host(), signal);
    run();
    const drained = host([gpu({ drained: true })]);
    await scheduler.heal(drained, signal);
    slurm.reconfigure();
    await isUnfit(/reload slurmd on the node, and vgpud ends the drain once jobs may come$/, drained);
    await isUnfit(/reload slurmd on the node, and vgpud ends the drain within 15 s$/);
    slurm.register();
    await scheduler.heal(host(), signal);
    assert.deepEqual([slurm.state, slurm.gres], ["IDLE", ALL]);
  });

  const BEYOND =
    /than slurm.conf and gres.conf give the node now, .* put the files back and run .* ended, and/;

  it("is told no more than its files have, which would not help: they are put back, or its jobs end", async () => {
    await scheduler.heal(host(), signal);
    run();
    slurm.gresFile.set("vgpu", 5);
    slurm.reconfigure();
    for (let round = 1; round <= 2; round += 1) await isUnfit(BEYOND);
    assert.equal(slurm.gres, ALL.replace("vgpu:7", "vgpu:5"), "what the files have is set back");
    slurm.gresFile.set("vgpu", 7);
    slurm.reconfigure();
    await isUnfit(/vgpud has set the counts back/);
    slurm.register();
    await scheduler.heal(host(), signal);
    assert.deepEqual([slurm.state, slurm.gres], ["IDLE", ALL]);
  });

  it("is told nothing of what its files give it no more, and comes back when its jobs have ended", async () => {
    await scheduler.heal(host(), signal);
    run("vgpu(CNT:1)");
    slurm.gresFile.delete("vgpu");
    slurm.reconfigure();
    for (let round = 1; round <= 2; round += 1) await isUnfit(BEYOND);
    assert.doesNotMatch(slurm.gres, /vgpu:/);
    slurm.jobs.clear();
    await isUnfit(/vgpud has set the counts back: run systemctl reload slurmd/);
    slurm.register();
    await scheduler.heal(host(), signal);
    assert.equal(slurm.state, "IDLE");
  });

  it("is not made of one that is fit by what its files have lost already and jobs have some of", async () => {
    await scheduler.heal(host(), signal);
    run("vgpu(CNT:1)");
    slurm.gresFile.delete("vgpu");
    await scheduler.heal(host([gpu({ held: [FOREIGN] })]), signal);
    slurm.register();
    assert.equal(slurm.state, "IDLE");
    assert.match(slurm.gres, /^vgpu:7,vgt_low_gm_mb:320,/);
  });
});
