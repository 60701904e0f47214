// A node of which Slurm counts more than there is, since a count stays while jobs have some of it: whether more jobs are let come.
import assert from "node:assert/strict";
import type { Quantities } from "../../../../agent/capacity/quantities.ts";
import type { SlurmScheduler } from "../../../../agent/schedulers/slurm/slurm-scheduler.ts";
import type { GpuSupply, HostSupply } from "../../../../agent/schedulers/supply.ts";
import { FakeSlurm } from "../../../fakes/fake-slurm.ts";
import { claimId, pciAddress } from "../../../fakes/ids.ts";
import { NODE, schedulerOf } from "./scheduler-of.ts";
import { FOREIGN, gpu, host, SMALL, SMALL_GRES } from "./supply-of.ts";

const CROWDED = "vgpud: there is no room for a further vGPU";
const { signal } = new AbortController();

describe("a node of which Slurm counts more than there is", () => {
  let slurm: FakeSlurm;
  let scheduler: SlurmScheduler;
  beforeEach(async () => {
    slurm = new FakeSlurm(NODE);
    scheduler = schedulerOf(slurm);
    await scheduler.heal(host(), signal);
  });
  /** So many jobs, each with its machine that takes so much, and what others take. */
  const running = (
    count: number,
    { gres = SMALL_GRES, takes = SMALL, others = [] }: Partial<Machines> = {},
    more: readonly GpuSupply[] = [],
  ): HostSupply => {
    const claims = Array.from({ length: count }, (_, index) => `slurm:c:${index + 1}`);
    slurm.jobs.clear();
    for (let job = 1; job <= count; job += 1) slurm.jobs.set(String(job), { state: "RUNNING", gres });
    const held = claims.map((claim) => ({ claimId: claimId(claim), takes }));
    return host([gpu({ held: [...held, ...others] }), ...more], claims);
  };
  const comesTo = async (supply: HostSupply): Promise<readonly [string, boolean]> => {
    const { isPassing } = await scheduler.heal(supply, signal);
    return [slurm.state === "IDLE" ? "open" : slurm.reason, isPassing];
  };

  it("takes jobs as long as there is room for one, and none when it is full", async () => {
    await comesTo(running(1));
    const others = [FOREIGN];
    assert.deepEqual(await comesTo(running(4, { others })), ["open", false]);
    assert.deepEqual(await comesTo(running(5, { others })), [CROWDED, false]);
    assert.deepEqual(await comesTo(running(5)), ["open", false]);
    assert.deepEqual(await comesTo(running(6)), ["open", false], "Slurm itself has none left");
  });

  it("is compared again soon while a job has no machine, whose end nobody here sees", async () => {
    await comesTo(running(1));
    const supply = running(5, { others: [FOREIGN] });
    slurm.jobs.set("6", { state: "RUNNING", gres: SMALL_GRES });
    assert.deepEqual(await comesTo(supply), ["vgpud: jobs have 64 MiB low GM more than there is", true]);
    assert.ok((await scheduler.publish(supply, signal)).isPassing);
    slurm.jobs.delete("6");
    assert.deepEqual(await comesTo(supply), [CROWDED, false]);
    assert.deepEqual(await comesTo(running(4, { others: [FOREIGN] })), ["open", false]);
  });

  it("takes jobs where vGPUs have more than their jobs, as types do, until none of the least size is left", async () => {
    const gres = SMALL_GRES.replace("384", "385").replace("64", "65");
    const takes = { slices: 1, lowGmMib: 128, highGmMib: 512, fences: 4 };
    await comesTo(running(1));
    assert.deepEqual(await comesTo(running(2, { gres, takes })), ["open", false]);
    assert.deepEqual(await comesTo(running(3, { gres, takes })), [CROWDED, false]);
  });

  it("takes none where jobs ask for less than the least type, once one is sent in vain", async () => {
    const gres = SMALL_GRES.replace("64", "50");
    await comesTo(running(1));
    assert.deepEqual(await comesTo(running(5, { gres })), ["open", false]);
    assert.deepEqual(await comesTo(running(6, { gres })), [CROWDED, false]);
  });

  it("takes jobs as long as another of its GPUs has a vGPU of another kind", async () => {
    slurm.gresFile.set("vgpu_vf", 1);
    const functions = new Map([["functions", { total: 1, kept: 0, least: 1, most: 1 }]] as const);
    const other = (takes: Quantities = {}): GpuSupply =>
      gpu({ gpu: pciAddress(3), mode: "sriov", offers: functions, held: [{ claimId: undefined, takes }] });
    await comesTo(running(1, {}, [other()]));
    const others = [FOREIGN];
    assert.deepEqual(await comesTo(running(5, { others }, [other()])), ["open", false]);
    assert.deepEqual(await comesTo(running(5, { others }, [other({ functions: 1 })])), [CROWDED, false]);
  });

  it("takes jobs as long as one GPU has room, where a job with more than its vGPU takes is on another that is shut", async () => {
    const gres = SMALL_GRES.replace("64", "256");
    slurm.gresFile = new Map([...slurm.gresFile].map(([name, count]) => [name, 2 * count]));
    await scheduler.heal(host([gpu(), gpu({ gpu: pciAddress(3) })]), signal);
    const beside = { claimId: claimId("slurm:c:9"), takes: SMALL };
    for (const shut of [{ drained: true }, { closed: true }]) {
      const other = gpu({ gpu: pciAddress(3), held: [beside], ...shut });
      const supply = (count: number): HostSupply => {
        const all = running(count, {}, [other]);
        slurm.jobs.set("9", { state: "RUNNING", gres });
        return { ...all, living: new Set([...all.living, "slurm:c:9"]) };
      };
      assert.deepEqual(await comesTo(supply(5)), ["open", false]);
      const { overcommitted } = await scheduler.heal(supply(6), signal);
      assert.deepEqual(overcommitted, []);
      assert.deepEqual(await comesTo(supply(6)), [CROWDED, false]);
    }
  });

  it("is told as crowded, with its jobs, where room is lacking, not where all is shut, and as not known while it is not known which domains there are", async () => {
    await comesTo(running(1));
    const overOf = async (
      count: number,
      change: Partial<GpuSupply>,
      domainsKnown = true,
    ): Promise<readonly Quantities[] | undefined> => {
      const all = running(count, { others: [FOREIGN] });
      const gpus = all.gpus.map((each) => ({ ...each, ...change }));
      // One has no machine yet, or its claim is not there until its ledger is.
      const supply = { ...all, gpus, living: new Set([...all.living].slice(1)), domainsKnown };
      return (await scheduler.heal(supply, signal)).overcommitted?.map(({ by }) => by);
    };
    for (const shut of [{ drained: true }, { closed: true }]) {
      assert.deepEqual(await overOf(1, { ...shut, held: [] }), []);
      assert.deepEqual(await overOf(6, shut), [{ lowGmMib: 64 }]);
    }
    assert.equal(await overOf(6, { closed: true }, false), undefined);
  });

  it("is told what there is where no job runs, and is not drained for that", async () => {
    const held = Array.from({ length: 6 }, () => FOREIGN);
    assert.deepEqual(await comesTo(host([gpu({ held })])), ["open", false]);
    assert.equal(slurm.gres, "vgpu:1,vgt_low_gm_mb:0,vgt_high_gm_mb:896,vgt_fence:4");
  });
});

interface Machines {
  /** What each job has. */
  readonly gres: string;
  readonly takes: Quantities;
  readonly others: GpuSupply["held"];
}
