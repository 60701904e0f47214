// How many of each GRES Slurm is told to count, and when: a count that is changed while jobs have some of it takes the node from it.
import assert from "node:assert/strict";
import { countsIn } from "../../../../agent/schedulers/slurm/gres.ts";
import type { CountsRecord } from "../../../../agent/schedulers/slurm/found-counts.ts";
import type { SlurmScheduler } from "../../../../agent/schedulers/slurm/slurm-scheduler.ts";
import type { GpuSupply, HostSupply } from "../../../../agent/schedulers/supply.ts";
import { FakeSlurm } from "../../../fakes/fake-slurm.ts";
import { claimId, pciAddress } from "../../../fakes/ids.ts";
import { memoryRecord, NODE, schedulerOf } from "./scheduler-of.ts";
import { ALL, FOREIGN, gpu, host, SMALL, SMALL_GRES } from "./supply-of.ts";

const LESS = "vgpu:6,vgt_low_gm_mb:320,vgt_high_gm_mb:2816,vgt_fence:24";
const ROUNDED = { claimId: claimId("slurm:c:17"), takes: { ...SMALL, highGmMib: 512 } };
const { signal } = new AbortController();

describe("what Slurm counts of a host", () => {
  let slurm: FakeSlurm;
  let scheduler: SlurmScheduler;
  beforeEach(() => {
    slurm = new FakeSlurm(NODE);
    scheduler = schedulerOf(slurm);
  });
  const run = (job: string, gres = SMALL_GRES): void => {
    slurm.jobs.set(job, { state: "RUNNING", gres });
  };
  /** Its counts with a node that is fit for jobs after its slurmd has told of it. */
  const told = async (...held: GpuSupply["held"]): Promise<string> => {
    await scheduler.publish(host([gpu({ held })]), signal);
    slurm.register();
    assert.equal(slurm.state, "IDLE");
    return slurm.gres;
  };
  const isUnfit = async (supply: HostSupply, message: RegExp): Promise<void> => {
    await assert.rejects(scheduler.heal(supply, signal), { kind: "node-invalid", message });
  };
  /** The node is as unfit as before, but it counts what it did when it was fit. */
  const isSetBack = async (supply: HostSupply, message: RegExp): Promise<void> => {
    await isUnfit(supply, message);
    assert.equal(slurm.gres, ALL);
  };
  const comesBack = async (): Promise<void> => {
    slurm.register();
    assert.equal(await told(), ALL);
  };

  it("is less by what was taken without a job, be it that its job has ended", async () => {
    assert.equal(await told(FOREIGN), LESS);
    assert.equal(await told(), ALL);
    assert.equal(await told({ claimId: claimId("slurm:c:3"), takes: SMALL }), LESS);
  });

  it("is not less by a GPU's vGPUs of a job that is just ending", async () => {
    slurm.jobs.set("17", { state: "COMPLETING", gres: SMALL_GRES });
    assert.equal(await told(ROUNDED), ALL);
    slurm.jobs.delete("17");
    assert.notEqual(await told(ROUNDED), ALL);
  });

  it("is nothing of a GPU that gives out nothing", async () => {
    const shut = [gpu({ closed: true }), gpu({ gpu: pciAddress(3), drained: true })];
    slurm.gresFile = new Map([...slurm.gresFile].map(([name, count]) => [name, 3 * count]));
    await scheduler.publish(host([...shut, gpu({ gpu: pciAddress(4) })]), signal);
    assert.equal(slurm.gres, ALL);
  });

  it("stays as it is while jobs have some of it, whatever takes room, and follows when none has any", async () => {
    assert.equal(await told(), ALL);
    run("17");
    assert.equal(await told(ROUNDED), ALL);
    assert.equal(await told(ROUNDED, FOREIGN), ALL);
    slurm.jobs.clear();
    assert.equal(await told(FOREIGN), LESS);
    run("18");
    assert.equal(await told(), LESS);
  });

  it("follows of what no job has any, although jobs have some of another", async () => {
    run("17", "vgpu(CNT:1)");
    assert.equal(await told(FOREIGN), LESS.replace("vgpu:6", "vgpu:7"));
  });

  it("is compared again soon while a job without a machine keeps it as it is, whose end nobody here sees", async () => {
    const claimed = [ROUNDED.claimId];
    const isPassing = async (held: GpuSupply["held"], living: readonly string[] = []): Promise<boolean> => {
      const supply = host([gpu({ held })], living);
      const published = await scheduler.publish(supply, signal);
      assert.equal((await scheduler.heal(supply, signal)).isPassing, published.isPassing);
      return published.isPassing;
    };
    assert.equal(await told(), ALL);
    run("17");
    assert.equal(await isPassing([ROUNDED, FOREIGN], claimed), false, "its machine goes when it ends");
    assert.equal(await isPassing([FOREIGN]), true, "the machine went before its job");
    assert.equal(await isPassing([]), false, "Slurm counts what there is");
    slurm.jobs.clear();
    assert.equal(await told(FOREIGN), LESS);
    run("18");
    assert.equal(await isPassing([]), true, "Slurm counts less than there is");
    slurm.jobs.clear();
    assert.equal(await isPassing([]), false);
    assert.equal(slurm.gres, ALL);
  });

  it("stays when a job is first to get some of it", async () => {
    assert.equal(await told(), ALL);
    slurm.onOrder = (order) => {
      if (order.startsWith("state=drain")) run("17");
    };
    assert.equal(await told(FOREIGN), ALL);
  });

  it("is told of a node that somebody else has drained, whose drain stays", async () => {
    Object.assign(slurm, { state: "IDLE+DRAIN", reason: "disk is full" });
    await scheduler.publish(host(), signal);
    assert.deepEqual([slurm.orders, slurm.state], [[`gres=${ALL}`], "IDLE+DRAIN"]);
  });

  for (const [what, shut] of [
    ["all is drained", { drained: true }],
    ["no GPU gives anything out", { closed: true }],
  ] as const)
    it(`stays while ${what}, so that jobs wait, also beside a GPU that never does`, async () => {
      for (const others of [[], [gpu({ gpu: pciAddress(3), offers: new Map() })]]) {
        assert.equal(await told(), ALL);
        await scheduler.publish(host([gpu(shut), ...others]), signal);
        assert.deepEqual([slurm.gres, slurm.state], [ALL, "IDLE+DRAIN"]);
        assert.equal(await told(), ALL);
      }
    });

  it("is beyond what there is where jobs have more: that is told, and no more of them come until they have not", async () => {
    for (let job = 1; job <= 7; job += 1) run(String(job));
    slurm.jobs.set("8", { state: "RUNNING", gres: "gpu:1(IDX:0)" });
    const { overcommitted } = await scheduler.heal(host([gpu()], ["slurm:c:2"]), signal);
    // First who has no machine, and nobody who has none of it.
    const having = ["1", "3", "4", "5", "6", "7", "2"].map((job) => ({
      ...{ booking: `slurm:c:${job}`, amounts: SMALL, hasClaim: job === "2" },
    }));
    assert.deepEqual(overcommitted, [{ gpu: undefined, by: { lowGmMib: 64 }, having }]);
    assert.deepEqual(slurm.orders, ["state=drain reason=vgpud: jobs have 64 MiB low GM more than there is"]);
    slurm.jobs.delete("7");
    await scheduler.publish(host(), signal);
    assert.equal(slurm.reason, "vgpud: there is no room for a further vGPU");
    slurm.jobs.delete("6");
    await scheduler.publish(host(), signal);
    assert.equal(slurm.orders.at(-1), "state=undrain");
    assert.equal(slurm.state, "IDLE");
  });

  it("stays where one GPU of two is shut while jobs run on both: once they have what the other has left, no more come", async () => {
    slurm.gresFile = new Map([...slurm.gresFile].map(([name, count]) => [name, 2 * count]));
    const claims = ["1", "2", "3", "4", "5", "6", "7"].map((job) => ({
      claimId: claimId(`slurm:c:${job}`),
      takes: SMALL,
    }));
    const [onShut = claims[0], ...onOpen] = claims;
    assert.ok(onShut);
    for (const shut of [{ drained: true }, { closed: true }]) {
      slurm.jobs.clear();
      const both = (count: number, change: Partial<GpuSupply> = {}): HostSupply =>
        host([
          gpu({ gpu: pciAddress(3), held: [onShut], ...change }),
          gpu({ held: onOpen.slice(0, count - 1) }),
        ]);
      await scheduler.heal(host([gpu(), gpu({ gpu: pciAddress(3) })]), signal);
      for (let job = 1; job <= 6; job += 1) run(String(job));
      await scheduler.heal(both(6), signal);
      await scheduler.heal(both(6, shut), signal);
      assert.equal(slurm.state, "IDLE", "the other has room for a sixth");
      run("7");
      await scheduler.heal(both(7, shut), signal);
      run("8");
      const { overcommitted } = await scheduler.heal(both(7, shut), signal);
      assert.deepEqual(
        overcommitted?.map(({ by }) => by),
        [{ lowGmMib: 64 }],
      );
      assert.match(slurm.state, /DRAIN/);
      assert.match(slurm.reason, /^vgpud: jobs have /);
      slurm.register();
      assert.doesNotMatch(slurm.state, /INVALID/);
    }
  });

  it("takes the node from Slurm where others change it under jobs: how it comes back is told, and its drain is ended then", async () => {
    assert.equal(await told(), ALL);
    run("17");
    slurm.gres = LESS;
    slurm.register();
    const message = /vgpu count changed and jobs are using them \(7 != 6\)\).* run systemctl reload slurmd/;
    await isSetBack(host(), message);
    slurm.register();
    assert.equal(slurm.state, "IDLE+DRAIN");
    await scheduler.heal(host(), signal);
    assert.equal(slurm.state, "IDLE");
  });

  it("takes the node from Slurm that counts what its files have, where that is not what jobs may have: all is set back", async () => {
    assert.equal(await told(), ALL);
    run("17");
    assert.equal(await told(FOREIGN), ALL);
    slurm.reconfigure();
    assert.match(slurm.state, /INVALID/);
    const drained = host([gpu({ drained: true })]);
    const message = /vgt_low_gm_mb count changed and jobs are using them \(384 != 448\)/;
    await isSetBack(drained, message);
    await comesBack();
  });

  it("takes the node from Slurm also where it is drained, of which Slurm says nothing: all is set back, and that is said", async () => {
    assert.equal(await told(), ALL);
    run("17");
    const drained = host([gpu({ drained: true })]);
    await scheduler.heal(drained, signal);
    slurm.reconfigure();
    assert.deepEqual(
      [slurm.state, slurm.reason],
      ["IDLE+DRAIN+INVALID_REG", "vgpud: every GPU of this host is drained"],
    );
    const message =
      /is drained\): a count was changed .* vgpud has set the counts back: run systemctl reload slurmd/;
    for (let round = 1; round <= 2; round += 1) await isSetBack(drained, message);
    await comesBack();
  });

  it("is not known to a vgpud that begins when the node is unfit already: it comes back when its jobs have ended", async () => {
    assert.equal(await told(), ALL);
    run("17");
    slurm.reconfigure();
    scheduler = schedulerOf(slurm);
    const message =
      /vgpud does not know what it was before: when these jobs have ended run systemctl reload slurmd/;
    await isUnfit(host(), message);
    slurm.jobs.clear();
    await isSetBack(host(), /vgpud has set the counts back: run systemctl reload slurmd/);
    await comesBack();
  });

  /** A vgpud that begins with what another has written down. */
  const begins = (counts: CountsRecord): void => {
    scheduler = schedulerOf(slurm, { counts });
  };

  it("is set back by a vgpud that begins when the node is unfit already, from the record of the one before", async () => {
    const record = memoryRecord();
    begins(record);
    assert.equal(await told(FOREIGN), LESS);
    run("17");
    begins(record);
    slurm.reconfigure();
    await isUnfit(host(), /vgpud has set the counts back: run systemctl reload slurmd/);
    assert.equal(slurm.gres, LESS, "each count at once");
    slurm.register();
    assert.equal(await told(), LESS);
  });

  it("is set back from the record, too, where the node was drained before by somebody else", async () => {
    const record = memoryRecord();
    begins(record);
    assert.equal(await told(), ALL);
    run("17");
    Object.assign(slurm, { state: "IDLE+DRAIN", reason: "disk is full" });
    slurm.reconfigure();
    begins(record);
    await isUnfit(host(), /\(disk is full\): vgpud has set the counts to those of its record: run/);
    assert.equal(slurm.gres, ALL);
  });

  it("is not taken from a record of another node, nor of before the node registered last", async () => {
    const found = { vgpu: 7, vgt_low_gm_mb: 320, vgt_high_gm_mb: 2816, vgt_fence: 24 };
    for (const known of [
      { node: "node2", found: { ...found, vgt_low_gm_mb: 384 } },
      { node: NODE, found },
    ]) {
      slurm = new FakeSlurm(NODE);
      begins(memoryRecord());
      assert.equal(await told(), ALL);
      run("17");
      slurm.reconfigure();
      begins(memoryRecord(known));
      await isUnfit(host(), /vgpud does not know what it was before/);
    }
  });

  it("is compared as ever with a record that cannot be written, which is told", async () => {
    const why = "cannot be written: ENOSPC";
    begins({ ...memoryRecord(), settle: () => Promise.resolve({ file: "/s/slurm.json", why }) });
    const { untold } = await scheduler.heal(host(), signal);
    assert.deepEqual(untold, [{ kind: "unrecorded", what: "/s/slurm.json", message: why }]);
    assert.equal(slurm.gres, ALL);
  });

  it("takes the node from Slurm for what Slurm does not say and vgpud has not seen, and that is said", async () => {
    Object.assign(slurm, { state: "IDLE+DRAIN+INVALID_REG", reason: "disk is full" });
    const message =
      /\(disk is full\): where a count was changed .* That is why it was drained before, and slurmctld's log tells/;
    await isUnfit(host(), message);
    const others = schedulerOf(slurm, { publish: false });
    await assert.rejects(others.heal(host(), signal), { message: /Set the counts back/ });
  });

  it("is what Slurm's files have after it reads them anew: that they have more than jobs may have is told before", async () => {
    const much = { lowGmMib: 64, highGmMib: 896 };
    const beyond = async (...gpus: readonly GpuSupply[]): Promise<unknown> => {
      const { configuredBeyond, untold } = await scheduler.heal(host(gpus), signal);
      assert.deepEqual(untold, [], "it is told all the same");
      return configuredBeyond;
    };
    assert.deepEqual(await beyond(gpu({ held: [FOREIGN] })), much);
    assert.deepEqual(await beyond(gpu(), gpu({ offers: new Map() })), much);
    assert.deepEqual(await beyond(gpu({ offers: new Map() })), {});
    for (const [name, count] of countsIn(ALL)) slurm.gresFile.set(name, count);
    assert.deepEqual(await beyond(gpu()), {});
  });

  it("is what Slurm's files have where it is told nothing: that they have more than jobs may have is told, too", async () => {
    scheduler = schedulerOf(slurm, { publish: false });
    assert.deepEqual(scheduler.manner, { isTold: false, booksBy: "job", mayOversend: false });
    const { configuredBeyond } = await scheduler.heal(host(), signal);
    assert.deepEqual([configuredBeyond, slurm.orders], [{ lowGmMib: 64, highGmMib: 896 }, []]);
  });

  it("takes the node from Slurm where it is more than gres.conf has, and that is said", async () => {
    const reason = "gres/vgpu count reported lower than configured (7 < 8)";
    Object.assign(slurm, { state: "IDLE+DRAIN+INVALID_REG", reason });
    const message = /its slurmd has less than Slurm was told to count/;
    await isUnfit(host(), message);
  });
});
