// A Slurm that is told nothing, by the configuration: what vgpud says that it gives out here although none of it can be made.
import assert from "node:assert/strict";
import type { SlurmScheduler } from "../../../../agent/schedulers/slurm/slurm-scheduler.ts";
import type { GpuSupply, HostSupply } from "../../../../agent/schedulers/supply.ts";
import { FakeSlurm } from "../../../fakes/fake-slurm.ts";
import { claimId, pciAddress } from "../../../fakes/ids.ts";
import { memoryRecord, NODE, schedulerOf } from "./scheduler-of.ts";
import { ALL, FOREIGN, gpu, host, SMALL, SMALL_GRES } from "./supply-of.ts";

const { signal } = new AbortController();
const OFF: Partial<GpuSupply> = { closed: true, closedBy: ["IOMMU_OFF", "DEVICE_MODEL_MISSING"] };
const AWAY: HostSupply = { ...host([gpu({ closed: true })]), domainsKnown: false };
const ON_NODE = ["node node1: it is not known which domains there are, and none can be made"];
const FIRST = "GPU 0000:00:02.0: ";
const SECOND = "GPU 0000:03:02.0: ";
const gres = (count: number): string =>
  ALL.replace(/:(\d+)/g, (_, each: string) => `:${count * Number(each)}`);

describe("what Slurm gives out in vain where it is told nothing", () => {
  let slurm: FakeSlurm;
  let scheduler: SlurmScheduler;
  beforeEach(() => {
    slurm = new FakeSlurm(NODE);
    scheduler = schedulerOf(slurm, { publish: false });
  });
  /** The same in either kind of round. */
  const inVain = async (supply: HostSupply, of = scheduler): Promise<readonly string[]> => {
    const rounds = [await of.heal(supply, signal), await of.publish(supply, signal)];
    const [compared, published] = rounds.map(({ untold }) =>
      untold.map(({ kind, what, message }) => {
        assert.equal(kind, "in-vain");
        return `${what}: ${message}`;
      }),
    );
    assert.ok(compared);
    assert.deepEqual(published, compared);
    return compared;
  };

  it("is nothing where GPUs give something out, whatever is taken of them", async () => {
    assert.deepEqual(await inVain(host()), []);
    assert.deepEqual(await inVain(host([gpu({ held: [FOREIGN, FOREIGN] })])), []);
  });

  it("is the node while it is not known which domains there are, until somebody drains it or it is down", async () => {
    assert.deepEqual(await inVain(AWAY), ON_NODE);
    for (const state of ["IDLE+DRAIN", "MIXED+DRAIN", "DOWN+NOT_RESPONDING"]) {
      Object.assign(slurm, { state, reason: "libvirt is away" });
      assert.deepEqual(await inVain(AWAY), [], state);
    }
    slurm.state = "IDLE";
    assert.deepEqual(await inVain(AWAY), ON_NODE);
    assert.deepEqual(await inVain(host()), []);
  });

  it("is each GPU that is closed, be it that its kernel alone says so, or drained, and why", async () => {
    for (const [shut, why] of [
      [OFF, "IOMMU_OFF, DEVICE_MODEL_MISSING"],
      [{ closed: true }, "its kernel has nothing more, or does not say what it has"],
      [{ drained: true }, "it is drained"],
    ] as const)
      assert.deepEqual(await inVain(host([gpu(shut)])), [FIRST + why]);
  });

  const WHOLE: Partial<GpuSupply> = {
    mode: "gvt-d",
    offers: new Map([["gpus", { total: 1, kept: 0, least: 1, most: 1 }]] as const),
  };

  it("is the node where no GPU has any of it, until the count is taken off", async () => {
    for (const [what, gpus] of [
      ["no GPU at all", []],
      ["one whose kernel offers nothing, as without a driver", [gpu({ offers: new Map() })]],
      ["one that is drained, too", [gpu({ offers: new Map(), drained: true })]],
      ["one that is given out whole", [gpu(WHOLE)]],
    ] as const)
      assert.deepEqual(await inVain(host(gpus)), ["node node1: no GPU of it has any vgpu"], what);
    slurm.gresFile.set("gpu_whole", 1).set("vgpu_vf", 2);
    slurm.gres += ",gpu_whole:1,vgpu_vf:2";
    assert.deepEqual(await inVain(host([gpu({ ...WHOLE, ...OFF })])), [
      "node node1: no GPU of it has any vgpu, nor any vgpu_vf",
      `${FIRST}IOMMU_OFF, DEVICE_MODEL_MISSING`,
    ]);
    slurm.gres = slurm.gres.replace("vgpu:7", "vgpu:0").replace("vgpu_vf:2", "vgpu_vf:0");
    assert.deepEqual(await inVain(host([gpu(WHOLE)])), []);
  });

  it("is nothing of a GPU in a mode that Slurm does not count here", async () => {
    const whole = gpu({ gpu: pciAddress(3), ...WHOLE, ...OFF });
    assert.deepEqual(await inVain(host([gpu(), whole])), []);
    slurm.gresFile.set("gpu_whole", 1);
    slurm.gres += ",gpu_whole:1";
    assert.deepEqual(await inVain(host([gpu(), whole])), [`${SECOND}IOMMU_OFF, DEVICE_MODEL_MISSING`]);
  });

  it("is nothing of what was taken off by hand, all of it or one count without which nobody has any", async () => {
    const both = host([gpu({ held: [FOREIGN] }), gpu({ gpu: pciAddress(3), ...OFF })]);
    slurm.gres = gres(2);
    assert.deepEqual(await inVain(both), [`${SECOND}IOMMU_OFF, DEVICE_MODEL_MISSING`]);
    slurm.gres = gres(1);
    assert.deepEqual(await inVain(both), []);
    slurm.gres = gres(2).replace("vgpu:14", "vgpu:7");
    assert.deepEqual(await inVain(both), []);
    slurm.gres = gres(0);
    assert.deepEqual(await inVain(AWAY), []);
  });

  it("is nothing of what jobs have whose machines are on the GPU", async () => {
    slurm.jobs.set("17", { state: "RUNNING", gres: SMALL_GRES });
    const held = [{ claimId: claimId("slurm:c:17"), takes: SMALL }];
    const shut = host([gpu({ ...OFF, held })], ["slurm:c:17"]);
    assert.equal((await inVain(shut)).length, 1);
    slurm.gres = SMALL_GRES.replace(/\(CNT:(\d+)\)/g, ":$1");
    assert.deepEqual(await inVain(shut), []);
  });

  it("is nothing where Slurm is told", async () => {
    assert.deepEqual(await inVain(AWAY, schedulerOf(slurm)), []);
    assert.deepEqual(await inVain(host([gpu(OFF)]), schedulerOf(slurm)), []);
  });

  it("is told beside a record that cannot be written", async () => {
    const counts = {
      ...memoryRecord(),
      settle: () => Promise.resolve({ file: "/s/slurm.json", why: "ENOSPC" }),
    };
    const { untold } = await schedulerOf(slurm, { publish: false, counts }).heal(AWAY, signal);
    assert.deepEqual(
      untold.map(({ kind }) => kind),
      ["in-vain", "unrecorded"],
    );
  });
});
