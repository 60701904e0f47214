// Room on real numbers of GVT-g: what an empty GPU has, that nobody gets more, and what the others hear.
import assert from "node:assert/strict";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import { ConditionStatus } from "../../proto/gen/vgpud/v1/condition.ts";
import { Mode, type Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import { PlacementPolicy } from "../../proto/gen/vgpud/v1/placement.ts";
import { GPU, SECOND_GPU, type } from "./harness/requests.ts";
import { refusal, RpcError } from "./harness/rpc.ts";
import { until } from "./harness/until.ts";
import { roomConditions } from "./harness/room-conditions.ts";
import { present, World } from "./harness/world.ts";

type Size = 1 | 2 | 4 | 8;

const twoGpus = (apertureMib: number): string => `
gpus:
  - { address: "${GPU}", aperture_mib: ${apertureMib} }
  - { address: "${SECOND_GPU}", aperture_mib: ${apertureMib}, boot_vga: false }
`;

function amounts(gpu: Gpu | undefined, part: "total" | "host" | "used" | "free"): number[] {
  const { lowGmMib, highGmMib, fences, instances } = present(gpu?.budget?.[part]);
  return [lowGmMib, highGmMib, fences, instances];
}

/** How many of each type may be asked for, largest last. */
function offers(gpu: Gpu | undefined): Record<string, number> {
  return Object.fromEntries(present(gpu).types.map(({ name, allocatable }) => [name.slice(-1), allocatable]));
}

async function ask(
  world: World,
  name: string,
  size: Size,
  policy?: PlacementPolicy,
): Promise<string | undefined> {
  const { decision } = await world.create(name, ({ vgpu }) => {
    vgpu.want = { $case: "type", value: type(size) };
    vgpu.policy = policy ?? PlacementPolicy.UNSPECIFIED;
  });
  return decision?.gpu;
}

describe("the room on a GPU", () => {
  // By gvt/vgpu.c and aperture_gm.c, worked out by hand: the agent's rule must come to the same.
  const cases = [
    { aperture: 256, left: [128, 3456, 28, 7], offers: { 8: 2, 4: 1 } },
    { aperture: 512, left: [384, 3200, 28, 7], offers: { 8: 6, 4: 3, 2: 1 } },
    { aperture: 1024, left: [896, 2688, 28, 7], offers: { 8: 7, 4: 5, 2: 2, 1: 1 } },
  ] as const;
  for (const { aperture, left, offers: expected } of cases) {
    it(`of ${aperture} MiB is what the kernel leaves, and filled to the last piece`, async () => {
      await using world = await World.start(`gpus: [{ address: "${GPU}", aperture_mib: ${aperture} }]`);
      const [empty] = await world.gpus();
      assert.deepEqual(amounts(empty, "total"), [aperture, 4096 - aperture, 32, 7]);
      assert.deepEqual(amounts(empty, "host"), [128, 384, 4, 0]);
      assert.deepEqual(amounts(empty, "used"), [0, 0, 0, 0]);
      assert.deepEqual(amounts(empty, "free"), left);
      assert.deepEqual(offers(empty), expected);
      assert.deepEqual(roomConditions(empty), []);
      await ask(world, "first", 8);
      const [partly] = await world.gpus();
      assert.deepEqual(amounts(partly, "free"), [left[0] - 64, left[1] - 384, 24, 6]);
      const free = `vgpud_gpu_resource_free_bytes{pci_address="${GPU}",resource="aperture"}`;
      assert.ok((await world.scrape()).includes(`\n${free} ${(left[0] - 64) * 1024 * 1024}\n`));
      for (let more = 1; more < expected[8]; more += 1) await ask(world, `more-${more}`, 8);
      const error = await refusal(ask(world, "one-too-many", 8));
      assert.equal(error.code, "RESOURCE_EXHAUSTED");
      const truth = await world.truth();
      assert.equal(truth.mdevs.length, expected[8]);
      assert.deepEqual(
        Object.values(offers((await world.gpus())[0])),
        Object.keys(expected).map(() => 0),
      );
    });
  }

  it("is one budget for types that are mixed", async () => {
    await using world = await World.start();
    await ask(world, "large", 2);
    await ask(world, "middle", 4);
    await ask(world, "small", 8);
    const [gpu] = await world.gpus();
    assert.deepEqual(amounts(gpu, "used"), [448, 1920, 12, 3]);
    // 768 MiB of high memory are the narrowest: two small ones, or one middle one, or no larger one.
    assert.deepEqual(offers(gpu), { 8: 2, 4: 1, 2: 0, 1: 0 });
  });

  it("is never given twice to those who come at once", async () => {
    await using world = await World.start(`gpus: [{ address: "${GPU}", aperture_mib: 1024 }]`);
    const asked = Array.from({ length: 20 }, (_, index) => ask(world, `desk-${index}`, 4));
    const results = await Promise.allSettled(asked);
    const won = results.filter(({ status }) => status === "fulfilled");
    assert.equal(won.length, 5);
    for (const result of results) {
      if (result.status === "fulfilled") continue;
      const error: unknown = result.reason;
      assert.ok(error instanceof RpcError);
      assert.deepEqual([error.code, error.reason], ["RESOURCE_EXHAUSTED", "HIGH_GM_EXHAUSTED"]);
      assert.deepEqual(
        error.decision?.candidates.map(({ gpu }) => gpu),
        [GPU],
      );
    }
    const { mdevs, domains } = await world.truth();
    assert.deepEqual([mdevs.length, domains.length], [5, 5]);
    assert.equal((await world.claimStates()).length, 5);
    assert.deepEqual(amounts((await world.gpus())[0], "used"), [640, 2560, 20, 5]);
  });

  it("is taken by others, too, and what they made is not touched", async () => {
    const foreign = "4c9c1f1e-aaaa-4000-8000-000000000001";
    await using world = await World.start(`mdevs: [{ gpu: "${GPU}", type: ${type(1)}, uuid: ${foreign} }]`);
    const [vgpu] = await world.vgpus();
    assert.deepEqual([vgpu?.vgpuId, vgpu?.ownership, vgpu?.claimId], [foreign, "OWNERSHIP_FOREIGN", ""]);
    const error = await refusal(ask(world, "large", 1));
    assert.equal(error.code, "RESOURCE_EXHAUSTED");
    await ask(world, "small", 8);
    await world.destroy("small");
    assert.deepEqual(
      (await world.truth()).mdevs.map(({ uuid }) => uuid),
      [foreign],
    );
  });
});

describe("the choice between GPUs", () => {
  it("packs by default, spreads when asked, and says why", async () => {
    await using world = await World.start(twoGpus(512));
    assert.equal(await ask(world, "first", 8), GPU);
    assert.equal(await ask(world, "packed", 8), GPU);
    assert.equal(await ask(world, "spread", 8, PlacementPolicy.SPREAD), SECOND_GPU);
    const { decision } = await world.create("sized", ({ vgpu }) => {
      vgpu.want = { $case: "sizes", value: { vgtLowGmSz: 100, vgtHighGmSz: 0, vgtFenceSz: 0 } };
    });
    assert.deepEqual([decision?.gpu, decision?.type], [GPU, type(4)]);
    assert.deepEqual(
      decision?.candidates.map(({ gpu, chosen, reason }) => [gpu, chosen, reason]),
      [
        [GPU, true, ""],
        [SECOND_GPU, false, ""],
      ],
    );
    assert.match(present(decision).warnings.join(), /100/);
    const any = await world.create("any", ({ vgpu }) => {
      vgpu.want = { $case: "mode", value: Mode.GVT_G };
      vgpu.gpu = SECOND_GPU;
    });
    assert.deepEqual([any.decision?.gpu, any.decision?.type], [SECOND_GPU, type(8)]);
  });

  it("fills both and says of each what it lacks", async () => {
    await using world = await World.start(twoGpus(256));
    const names = ["a", "b", "c", "d"];
    const gpus = [];
    for (const name of names) gpus.push(await ask(world, name, 8));
    assert.deepEqual(gpus, [GPU, GPU, SECOND_GPU, SECOND_GPU]);
    const error = await refusal(ask(world, "e", 8));
    assert.deepEqual(
      error.decision?.candidates.map(({ gpu, reason, free }) => [gpu, reason, free?.lowGmMib]),
      [
        [GPU, "APERTURE_EXHAUSTED", 0],
        [SECOND_GPU, "APERTURE_EXHAUSTED", 0],
      ],
    );
    await world.destroy("c");
    assert.equal(await ask(world, "e", 8), SECOND_GPU);
  });
});

describe("a kernel that counts otherwise", () => {
  const disagrees = async (world: World): Promise<boolean> => {
    const [gpu] = await world.gpus();
    return present(gpu).conditions.some(
      ({ reason, status }) => reason === "CAPACITY_DISAGREES" && status === ConditionStatus.FAIL,
    );
  };

  it("too high is not believed, and the difference is a condition", async () => {
    await using world = await World.start(`faults: [{ kind: AVAILABLE_INSTANCES_WRONG, instances: 3 }]`);
    assert.ok(await disagrees(world));
    for (let made = 0; made < 5; made += 1) await ask(world, `desk-${made}`, 4);
    const error = await refusal(ask(world, "one-too-many", 4));
    assert.deepEqual([error.code, error.reason], ["RESOURCE_EXHAUSTED", "HIGH_GM_EXHAUSTED"]);
    assert.equal((await world.truth()).mdevs.length, 5);
  });

  it("too low is believed, and the difference is a condition", async () => {
    await using world = await World.start(`faults: [{ kind: AVAILABLE_INSTANCES_WRONG, instances: -3 }]`);
    assert.ok(await disagrees(world));
    assert.deepEqual(offers((await world.gpus())[0]), { 8: 4, 4: 2, 2: 0, 1: 0 });
    const error = await refusal(ask(world, "large", 1));
    assert.deepEqual([error.code, error.reason], ["RESOURCE_EXHAUSTED", "KERNEL_REPORTS_NO_ROOM"]);
    await world.clearFaults();
    await ask(world, "large", 1);
    await until("the condition is gone", async () => !(await disagrees(world)));
  });

  it("in pieces is told from one without room, and the create is undone", async () => {
    // The host's framebuffer lies in the middle of what is left: 384 MiB in sum, no 256 MiB in one piece.
    const ranges = "host_ranges: [{ start_mib: 320, size_mib: 32 }]";
    await using world = await World.start(`gpus: [{ address: "${GPU}", aperture_mib: 512, ${ranges} }]`);
    const before = await world.footprint();
    const error = await refusal(ask(world, "large", 2));
    assert.deepEqual([error.code, error.reason], ["RESOURCE_EXHAUSTED", "GM_FRAGMENTED"]);
    assert.deepEqual(
      error.decision?.candidates.map(({ gpu, reason }) => [gpu, reason]),
      [[GPU, "GM_FRAGMENTED"]],
    );
    assert.deepEqual(await world.footprint(), before);
    assert.equal(await ask(world, "smaller", 4), GPU);
    assert.equal((await world.claimed("smaller")).claimState, ClaimState.ACTIVE);
  });
});
