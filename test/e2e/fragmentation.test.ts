// gvt-linux#164: after vGPUs came and went a create fails although available_instances still shows some. The agent knows.
import assert from "node:assert/strict";
import type { Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import { GPU, SECOND_GPU, type } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { roomConditions } from "./harness/room-conditions.ts";
import { present, World } from "./harness/world.ts";

const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };
type Size = 1 | 2 | 4 | 8;

const one = `gpus: [{ address: "${GPU}", aperture_mib: 1024 }]`;
const two = `
gpus:
  - { address: "${GPU}", aperture_mib: 1024 }
  - { address: "${SECOND_GPU}", aperture_mib: 1024, boot_vga: false }
`;

async function make(world: World, name: string, size: Size, gpu = ""): Promise<string | undefined> {
  const { decision } = await world.create(name, ({ vgpu }) => {
    vgpu.want = { $case: "type", value: type(size) };
    vgpu.gpu = gpu;
  });
  return decision?.gpu;
}

/** Leaves two holes of 512 MiB of high memory, and 128 MiB at the bottom, with a slice between each two. */
async function fragment(world: World, gpu = ""): Promise<void> {
  const sizes = { a: 4, b: 2, c: 4, d: 4 } as const;
  for (const name of ["a", "b", "c", "d"] as const) await make(world, name, sizes[name], gpu);
  for (const name of ["a", "c"]) await world.destroy(name, AT_ONCE);
}

/** What is said of a type: by the agent, and by the kernel's file. */
function offer(gpu: Gpu | undefined, size: Size): { ours: number; kernel: number | undefined } {
  const found = present(present(gpu).types.find(({ name }) => name === type(size)));
  return { ours: found.allocatable, kernel: found.kernelAvailable };
}

function reasons(gpu: Gpu | undefined): string[] {
  return roomConditions(gpu).map(({ reason }) => reason);
}

function largest(gpu: Gpu | undefined): number[] | undefined {
  const blocks = gpu?.budget?.largestFree;
  return blocks && [blocks.lowGmMib, blocks.highGmMib];
}

describe("memory in pieces", () => {
  it("is known before the kernel is asked, where the kernel's own count is wrong", async () => {
    await using world = await World.start(one);
    assert.deepEqual(largest((await world.gpus())[0]), [896, 2688]);
    await fragment(world);
    const [gpu] = await world.gpus();
    assert.deepEqual(offer(gpu, 2), { ours: 0, kernel: 1 });
    assert.deepEqual(offer(gpu, 4), { ours: 2, kernel: 2 });
    assert.deepEqual(largest(gpu), [256, 512]);
    assert.deepEqual(gpu?.budget?.free?.highGmMib, 1152);
    assert.deepEqual(reasons(gpu), ["GM_FRAGMENTED"]);
    const condition = present(roomConditions(gpu)[0]);
    assert.match(condition.message, /1 × i915-GVTg_V5_2 .* 256 MiB of low GM and 512 MiB of high GM/);
    assert.deepEqual(
      condition.evidence.map(({ value }) => value),
      ["1"],
    );
    const scrape = await world.scrape();
    const labels = `pci_address="${GPU}"`;
    const MIB = 1024 * 1024;
    for (const line of [
      `vgpud_gpu_resource_largest_free_block_bytes{${labels},resource="high_gm"} ${512 * MIB}`,
      `vgpud_gpu_resource_free_bytes{${labels},resource="high_gm"} ${1152 * MIB}`,
      `vgpud_gpu_resource_used_bytes{${labels},holder="own",resource="high_gm"} ${1536 * MIB}`,
      `vgpud_gpu_used_fences{${labels},holder="own"} 8`,
      `vgpud_gpu_used_instances{${labels},holder="own"} 2`,
      `vgpud_vgpu_type_fragmented{${labels},vgpu_type="${type(2)}"} 1`,
      `vgpud_vgpu_type_fragmented{${labels},vgpu_type="${type(4)}"} 0`,
    ])
      assert.ok(scrape.includes(`\n${line}\n`), line);
  });

  it("is refused by the kernel as foretold, and fits once the slice between the pieces has gone", async () => {
    await using world = await World.start(one);
    await fragment(world);
    const untouched = await world.footprint();
    const error = await refusal(make(world, "large", 2));
    assert.deepEqual([error.code, error.reason], ["RESOURCE_EXHAUSTED", "GM_FRAGMENTED"]);
    assert.deepEqual(await world.footprint(), untouched);
    await world.destroy("d", AT_ONCE);
    const [gpu] = await world.gpus();
    assert.deepEqual([offer(gpu, 2), reasons(gpu)], [{ ours: 1, kernel: 1 }, []]);
    assert.deepEqual(largest(gpu), [512, 1152]);
    assert.equal(await make(world, "large", 2), GPU);
  });

  it("leads a create to another GPU, though packing would fill this one", async () => {
    await using world = await World.start(two);
    await fragment(world, GPU);
    assert.equal(await make(world, "fits-in-a-piece", 4), GPU);
    await world.destroy("fits-in-a-piece", AT_ONCE);
    const { decision } = await world.create("large", ({ vgpu }) => {
      vgpu.want = { $case: "type", value: type(2) };
    });
    assert.equal(decision?.gpu, SECOND_GPU);
    assert.match(decision.candidates[0]?.message ?? "", /perhaps in no one piece/);
  });

  it("is not estimated for slices older than the agent, and learnt from the kernel's refusal", async () => {
    await using world = await World.start(two);
    await fragment(world, GPU);
    await world.kill();
    await world.startAgain();
    const [before] = await world.gpus();
    assert.deepEqual([largest(before), offer(before, 2)], [undefined, { ours: 1, kernel: 1 }]);
    const error = await refusal(make(world, "large", 2));
    assert.equal(error.reason, "GM_FRAGMENTED");
    const [after] = await world.gpus();
    assert.deepEqual(
      [offer(after, 2), offer(after, 4)],
      [
        { ours: 0, kernel: 1 },
        { ours: 2, kernel: 2 },
      ],
    );
    assert.match(
      present(roomConditions(after)[0]).message,
      /the kernel has refused i915-GVTg_V5_2 \(ENOSPC\)/,
    );
    assert.equal(await make(world, "large", 2), SECOND_GPU);
    await world.destroy("d", AT_ONCE);
    assert.deepEqual(reasons((await world.gpus())[0]), []);
  });

  it("of the host's own windows is learnt from a refusal, and tried again when nothing else is left", async () => {
    const ranges = "host_ranges: [{ start_mib: 320, size_mib: 32 }]";
    await using world = await World.start(`gpus: [{ address: "${GPU}", aperture_mib: 512, ${ranges} }]`);
    assert.equal(offer((await world.gpus())[0], 2).ours, 1);
    for (let times = 0; times < 2; times += 1) {
      const error = await refusal(make(world, "large", 2));
      assert.equal(error.reason, "GM_FRAGMENTED");
      const [gpu] = await world.gpus();
      assert.deepEqual([offer(gpu, 2).ours, reasons(gpu), largest(gpu)], [0, ["GM_FRAGMENTED"], undefined]);
    }
    assert.equal(await make(world, "smaller", 4), GPU);
  });
});

describe("what a GPU has", () => {
  it("is told apart by who has it: claims of this host, and others", async () => {
    const foreign = "4c9c1f1e-aaaa-4000-8000-000000000001";
    await using world = await World.start(
      `${one}\nmdevs: [{ gpu: "${GPU}", type: ${type(2)}, uuid: ${foreign} }]`,
    );
    await make(world, "ours", 4);
    const budget = present((await world.gpus())[0]?.budget);
    assert.deepEqual(
      [budget.used, budget.usedOwn, budget.usedForeign, budget.usedReserved].map((part) => [
        part?.lowGmMib,
        part?.highGmMib,
        part?.fences,
        part?.instances,
      ]),
      [
        [384, 1536, 8, 2],
        [128, 512, 4, 1],
        [256, 1024, 4, 1],
        [0, 0, 0, 0],
      ],
    );
  });

  it("is less where the firmware made the address space smaller, as the kernel's counts show", async () => {
    await using world = await World.start(
      `gpus: [{ address: "${GPU}", aperture_mib: 1024, ggtt_mib: 2048 }]`,
    );
    const [gpu] = await world.gpus();
    assert.deepEqual(
      [gpu?.budget?.total?.highGmMib, gpu?.budget?.free?.highGmMib, reasons(gpu)],
      [1024, 640, []],
    );
    assert.deepEqual(
      [offer(gpu, 8), offer(gpu, 2)],
      [
        { ours: 1, kernel: 1 },
        { ours: 0, kernel: 0 },
      ],
    );
  });

  it("is nothing behind an aperture of 4 GiB, whatever the kernel shows, and the condition says why", async () => {
    for (const kernel of ["5.10.0-30-amd64", "6.12.0"]) {
      await using world = await World.start(
        `{ kernel: ${kernel}, gpus: [{ address: "${GPU}", aperture_mib: 4096 }] }`,
      );
      const [gpu] = await world.gpus();
      assert.deepEqual(offer(gpu, 8), { ours: 0, kernel: kernel.startsWith("5") ? 9 : 7 });
      assert.match(present(roomConditions(gpu)[0]).message, /wraps around/);
      assert.equal((await refusal(make(world, "any", 8))).reason, "HIGH_GM_EXHAUSTED");
    }
  });
});
