// What is said of a node that Slurm takes for unfit for jobs: only what helps, and only what vgpud does then.
import assert from "node:assert/strict";
import type { CarriedOut } from "../../../../agent/schedulers/carried-out.ts";
import { slurmError, type SlurmCommands } from "../../../../agent/schedulers/slurm/commands.ts";
import type { CountsRecord } from "../../../../agent/schedulers/slurm/found-counts.ts";
import { countsIn } from "../../../../agent/schedulers/slurm/gres.ts";
import type { SlurmScheduler } from "../../../../agent/schedulers/slurm/slurm-scheduler.ts";
import type { SchedulerError } from "../../../../agent/schedulers/scheduler.ts";
import type { HostSupply } from "../../../../agent/schedulers/supply.ts";
import { FakeSlurm } from "../../../fakes/fake-slurm.ts";
import { pciAddress } from "../../../fakes/ids.ts";
import { memoryRecord, NODE, schedulerOf } from "./scheduler-of.ts";
import { ALL, FOREIGN, gpu, host, SMALL_GRES } from "./supply-of.ts";

const { signal } = new AbortController();
const LESS = ALL.replace("vgpu:7", "vgpu:6");
const BY_OTHERS = { state: "IDLE+DRAIN", reason: "disk is full" };

describe("a node that Slurm takes for unfit", () => {
  let slurm: FakeSlurm;
  let scheduler: SlurmScheduler;
  beforeEach(() => {
    slurm = new FakeSlurm(NODE);
    scheduler = schedulerOf(slurm);
  });
  const isUnfit = async (message: RegExp, supply: HostSupply = host()): Promise<void> => {
    await assert.rejects(scheduler.heal(supply, signal), (error: SchedulerError) => {
      assert.equal(error.kind, "node-invalid");
      // What doctor shows of it.
      assert.match(error.message.slice(0, 300), message);
      return true;
    });
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
      /set the counts back: run systemctl reload slurmd on the node, and when its reason is over end the drain: scontrol update nodename=node1 state=undrain$/;
    await isUnfit(byHand);
    slurm.register();
    await scheduler.heal(host(), signal);
    assert.deepEqual([slurm.state, slurm.reason], ["IDLE+DRAIN", "disk is full"]);
    Object.assign(slurm, { state: "IDLE+DRAIN+INVALID_REG" });
    scheduler = schedulerOf(slurm);
    await isUnfit(
      /have ended, and when its reason is over end the drain: scontrol update nodename=node1 state=undrain\. That is why/,
    );
  });

  it("gets the end of vgpud's own drain within a minute of a reload, or when jobs may come", async () => {
    await scheduler.heal(host(), signal);
    run();
    const drained = host([gpu({ drained: true })]);
    await scheduler.heal(drained, signal);
    slurm.reconfigure();
    await isUnfit(/reload slurmd on the node, and vgpud ends the drain once jobs may come$/, drained);
    await isUnfit(/reload slurmd on the node, and vgpud ends the drain within a minute$/);
    slurm.register();
    await scheduler.heal(host(), signal);
    assert.deepEqual([slurm.state, slurm.gres], ["IDLE", ALL]);
  });

  const BEYOND =
    /its files give it less than before: put them back and run .* ended, and vgpud ends the drain within a minute$/;

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

  /** What a vgpud has written down of it. */
  const recordOf = (gres: string, node = NODE): CountsRecord =>
    memoryRecord({ node, found: Object.fromEntries(countsIn(gres)) });
  const begins = (counts: CountsRecord, publish = true): void => {
    scheduler = schedulerOf(slurm, { counts, publish });
  };
  const BY_RECORD =
    /those of its record: run systemctl reload slurmd on the node, once more when its jobs .*, and when its reason is over end the drain: .*undrain\./;

  it("is not believed to have registered last as the record has it where Slurm does not say so", async () => {
    const record = recordOf(LESS);
    slurm.gres = ALL.replace("vgpu:7", "vgpu:5");
    slurm.register();
    run("vgpu(CNT:1)");
    Object.assign(slurm, BY_OTHERS);
    slurm.reconfigure();
    begins(record);
    await isUnfit(BY_RECORD);
    slurm.register();
    await isUnfit(BY_RECORD);
    slurm.jobs.clear();
    slurm.register();
    await scheduler.heal(host(), signal);
    assert.deepEqual([slurm.state, slurm.gres], ["IDLE+DRAIN", ALL]);
    assert.deepEqual(record.current?.found["vgpu"], 7, "the record is of now again");
  });

  it("is known by its counts when it was seen fit, whatever the record had", async () => {
    const record = recordOf(LESS);
    slurm.gres = ALL.replace("vgpu:7", "vgpu:5");
    slurm.register();
    run("vgpu(CNT:1)");
    Object.assign(slurm, { state: "IDLE+DRAIN+INVALID_REG", reason: "disk is full" });
    begins(record);
    await isUnfit(BY_RECORD);
    slurm.gres = slurm.gres.replace("vgpu:6", "vgpu:5");
    slurm.register();
    await scheduler.heal(host(), signal);
    assert.equal(record.current?.found["vgpu"], 5);
  });

  it("is said to need a reload by a vgpud that begins after the counts were set back", async () => {
    const record = memoryRecord();
    begins(record);
    await scheduler.heal(host(), signal);
    run();
    Object.assign(slurm, BY_OTHERS);
    slurm.reconfigure();
    for (let vgpud = 2; vgpud <= 3; vgpud += 1) {
      begins(record);
      await isUnfit(BY_RECORD);
      assert.equal(slurm.gres, ALL);
    }
    slurm.register();
    await scheduler.heal(host(), signal);
    assert.equal(slurm.state, "IDLE+DRAIN");
  });

  it("has no promise made of it from a record that has more than its files", async () => {
    run("vgpu(CNT:1)");
    slurm.gresFile.set("vgpu", 5);
    Object.assign(slurm, BY_OTHERS);
    slurm.reconfigure();
    begins(recordOf(ALL));
    await isUnfit(
      /where a count was changed .*, run systemctl reload slurmd on the node when these have ended/,
    );
    assert.match(slurm.gres, /vgpu:5,/);
  });

  it("is not taken for the one that this host was before, by another name", async () => {
    const record = memoryRecord();
    let node = NODE;
    const other = new FakeSlurm("node2");
    other.gres = ALL.replace("vgpu:7", "vgpu:5");
    other.register();
    other.jobs.set("17", { state: "RUNNING", gres: "vgpu(CNT:1)" });
    const commands: SlurmCommands = {
      run: (...words) => (node === NODE ? slurm : other).run(...words),
    };
    scheduler = schedulerOf(commands, { counts: record, node: () => node });
    await scheduler.heal(host(), signal);
    node = "node2";
    await scheduler.heal(host(), signal);
    assert.deepEqual([record.current?.node, record.current?.found["vgpu"]], ["node2", 5]);
  });

  it("is not known from before vgpud was set to tell Slurm nothing", async () => {
    const record = recordOf(LESS);
    begins(record, false);
    await scheduler.heal(host(), signal);
    assert.deepEqual(record.current, { node: NODE, found: {} });
    run();
    Object.assign(slurm, BY_OTHERS, { state: "IDLE+DRAIN+INVALID_REG" });
    begins(record);
    await isUnfit(/run systemctl reload slurmd on the node when these have ended/);
  });

  it("is known by counts that it was told while vgpud was answered that it was not, and that it registered with", async () => {
    await scheduler.heal(host(), signal);
    const less = host([gpu({ held: [FOREIGN] })]);
    slurm.onOrder = (order) => {
      if (order.startsWith("gres=")) throw slurmError("timeout", "scontrol update: not done in 5000 ms");
    };
    await assert.rejects(scheduler.publish(less, signal), { kind: "timeout" });
    assert.deepEqual([slurm.state, slurm.gres.split(",")[0]], ["IDLE", "vgpu:6"]);
    slurm.onOrder = () => undefined;
    run("vgpu(CNT:1)");
    Object.assign(slurm, BY_OTHERS);
    slurm.reconfigure();
    await isUnfit(/vgpud has set the counts back/, less);
    assert.match(slurm.gres, /^vgpu:6,/);
    slurm.register();
    await scheduler.heal(less, signal);
    assert.equal(slurm.state, "IDLE+DRAIN");
  });

  it("has its counts logged as set back where they are, and not where others alone are changed", async () => {
    const done: CarriedOut[] = [];
    scheduler = schedulerOf(slurm, {
      onCarriedOut: (each) => {
        done.push(each);
      },
    });
    slurm.gresFile.set("vgpu_seat", 4);
    slurm.gres += ",vgpu_seat:4";
    const withSeats = (total: number): HostSupply => {
      const offers = new Map([["seats", { total, kept: 0, least: 1, most: 1 }]] as const);
      return host([gpu(), gpu({ gpu: pciAddress(3), mode: "gvt-s", offers })]);
    };
    await scheduler.heal(withSeats(4), signal);
    run();
    Object.assign(slurm, BY_OTHERS);
    slurm.reconfigure();
    done.length = 0;
    for (const seats of [4, 2]) await isUnfit(/vgpud has set the counts back/, withSeats(seats));
    const back = "that is what Slurm counted before jobs had some of it, and it takes none here otherwise";
    assert.deepEqual(
      done.map((each) => each.order === "counts" && [each.why, Object.keys(each.counts)]),
      [
        [back, ["vgt_low_gm_mb", "vgt_high_gm_mb"]],
        ["that is what jobs may have of this host", ["vgpu_seat"]],
      ],
    );
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
