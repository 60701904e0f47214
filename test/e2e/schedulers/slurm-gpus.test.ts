// A node of a real Slurm with two GPUs that are not alike, of which Slurm knows the sum.
import assert from "node:assert/strict";
import { GpuServiceService as Gpus } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { claimOf, SlurmWorld } from "../../schedulers/slurm-world.ts";
import { FOR_EVER } from "../../schedulers/slurm.ts";
import { refusal } from "../harness/rpc.ts";
import { type } from "../harness/requests.ts";
import { until } from "../harness/until.ts";

const [FIRST, SECOND] = ["0000:00:02.0", "0000:03:00.0"] as const;
/** A Coffee Lake with room for three slices of 128 MiB of low GM, and a Skylake with room for one such slice. */
const HOST = `gpus:
  - { address: "${FIRST}", device: "3e9b", aperture_mib: 512 }
  - { address: "${SECOND}", device: "1912", aperture_mib: 256, boot_vga: false }`;
const GRES = [
  { name: "vgpu", count: 14 },
  { name: "vgt_low_gm_mb", count: 768 },
  { name: "vgt_high_gm_mb", count: 7168 },
  { name: "vgt_fence", count: 64 },
];
const gresOf = (lowGmMib: number, highGmMib: number): string =>
  `--gres=vgpu:1,vgt_low_gm_mb:${lowGmMib},vgt_high_gm_mb:${highGmMib},vgt_fence:4`;

describe("a node of Slurm with two GPUs", function () {
  this.timeout(300_000);
  let node: SlurmWorld;
  before(async () => {
    node = await SlurmWorld.start({ host: HOST, gres: GRES });
  });
  afterEach(async () => {
    for (const { name } of await node.world.domains()) await node.world.destroy(name);
    await node.cancelAll();
  });
  after(async () => {
    await (node as SlurmWorld | undefined)?.[Symbol.asyncDispose]();
  });

  /** Resolves with its claim when it runs. */
  const booked = async (gres: string): Promise<string> => claimOf(await node.idleJob(gres));
  const slicesOn = async (): Promise<readonly (readonly [gpu: string, type: string])[]> =>
    (await node.world.truth()).mdevs.map(({ gpu, type: name }) => [gpu, name] as const);

  it("counts what both have, and gives jobs as many slices as fit on the one and on the other", async () => {
    await node.counts("vgpu:14,vgt_low_gm_mb:512,vgt_high_gm_mb:6656,vgt_fence:56");
    for (let count = 1; count <= 4; count += 1)
      await node.create(
        await booked(gresOf(128, 512)),
        ({ vgpu }) => (vgpu.want = { $case: "type", value: type(4) }),
        `vm-${count}`,
      );
    const on = (await slicesOn()).map(([gpu]) => gpu).sort();
    assert.deepEqual(on, [FIRST, FIRST, FIRST, SECOND]);
    await node.slurm.submit(FOR_EVER, gresOf(64, 384));
    await node.slurm.jobsUntil("the fifth waits for room", (jobs) =>
      jobs.some(({ state, reason }) => state === "PENDING" && reason === "Resources"),
    );
  });

  it("refuses a job what Slurm gives it of both and neither has in one piece, and takes one that asks for less", async () => {
    for (const name of ["vm-1", "vm-2"])
      await node.create(
        await booked(gresOf(128, 512)),
        ({ vgpu }) => {
          vgpu.gpu = FIRST;
          vgpu.want = { $case: "type", value: type(4) };
        },
        name,
      );
    // 128 MiB are left on each.
    const claim = await booked(gresOf(256, 1024));
    const { code, reason } = await refusal(
      node.create(claim, ({ vgpu }) => (vgpu.want = { $case: "type", value: type(2) })),
    );
    assert.deepEqual([code, reason], ["RESOURCE_EXHAUSTED", "APERTURE_EXHAUSTED"]);
    await node.create(claim, ({ vgpu }) => (vgpu.want = { $case: "type", value: type(4) }));
    assert.equal((await slicesOn()).length, 3);
  });

  it("gets jobs until the one GPU is full while the other is drained, and more when it is not", async () => {
    const machine = async (gpu: string, name: string): Promise<void> => {
      await node.create(
        await booked(gpu === FIRST ? gresOf(128, 512) : gresOf(64, 384)),
        ({ vgpu }) => {
          vgpu.gpu = gpu;
          vgpu.want = { $case: "type", value: type(gpu === FIRST ? 4 : 8) };
        },
        name,
      );
    };
    await machine(SECOND, "vm-1");
    await node.world.rpc.call(Gpus.drainGpu, { gpu: SECOND, note: "a test" });
    for (const name of ["vm-2", "vm-3"]) await machine(FIRST, name);
    await node.compared();
    await node.isNode("mixed");
    await machine(FIRST, "vm-4");
    await until("the node is drained", async () =>
      (await node.node("Reason")).startsWith("vgpud: there is no room for a further vGPU"),
    );
    const next = await node.slurm.submit(FOR_EVER, gresOf(64, 384));
    await node.slurm.comesTo(next, "PENDING");
    await node.world.rpc.call(Gpus.undrainGpu, { gpu: SECOND });
    await node.slurm.comesTo(next, "RUNNING");
  });
});

describe("a node of Slurm whose GRES have types", function () {
  this.timeout(300_000);

  it("is told nothing and nothing is made there, and the condition says what to change", async () => {
    const types = [
      { name: "vgpu", type: "gvtg_v5_4", count: 4 },
      { name: "vgpu", type: "gvtg_v5_8", count: 3 },
    ];
    await using node = await SlurmWorld.start({ host: HOST, gres: types });
    const id = await node.idleJob("--gres=vgpu:gvtg_v5_8:1");
    const { reason } = await refusal(node.create(claimOf(id)));
    assert.equal(reason, "SCHEDULER_UNAVAILABLE");
    await node.conditionSays(
      "SCHEDULER_UNAVAILABLE",
      /gres\.conf of node node1 gives vgpu a type: remove its Type=/,
    );
    assert.deepEqual(
      (await node.scontrolled()).filter((line) => line.startsWith("update")),
      [],
    );
  });
});
