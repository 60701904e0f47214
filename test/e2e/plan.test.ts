// What a plan promises is made, one more is refused for what the plan says is short, and everybody can read why.
import assert from "node:assert/strict";
import path from "node:path";
import {
  GpuServiceService as Gpus,
  PlanItem,
  PlanRequest,
  PlanResponse,
} from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { NumaMode } from "../../proto/gen/vgpud/v1/domain_spec.ts";
import { PlacementPolicy } from "../../proto/gen/vgpud/v1/placement.ts";
import { vgpuctl, type Ran } from "../unit/cli/vgpuctl.ts";
import { GPU, SECOND_GPU, type } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { present, World } from "./harness/world.ts";

const FOREIGN = "4c9c1f1e-aaaa-4000-8000-000000000001";
const HOST = `
gpus:
  - { address: "${GPU}", aperture_mib: 512, numa_node: 0 }
  - { address: "${SECOND_GPU}", aperture_mib: 1024, numa_node: 1, boot_vga: false }
mdevs:
  - { gpu: "${SECOND_GPU}", type: ${type(8)}, uuid: ${FOREIGN} }
`;

describe("a plan on a host", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start(HOST);
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const run = (...argv: readonly string[]): Promise<Ran> => vgpuctl(world.socket, argv);
  const create = (name: string, ...vgpu: readonly string[]): Promise<Ran> =>
    run(
      ...["create", name, ...vgpu, "--claim-id", `claim-${name}`, "--vcpus", "1", "--memory", "64"],
      ...["--kernel", path.join(world.images, "vmlinuz")],
    );
  const plan = (request: Parameters<typeof PlanRequest.fromPartial>[0]): Promise<PlanResponse> =>
    world.rpc.call(Gpus.plan, PlanRequest.fromPartial(request));

  it("is made to the last vGPU, in its order, and one more is refused for what it said", async () => {
    const words = [type(1), type(2), `${type(8)}:2`];
    const planned = await run("plan", ...words, "-o", "json");
    assert.equal(planned.exitCode, 0, planned.stderr);
    const { planned: vgpus } = PlanResponse.fromJSON(JSON.parse(planned.stdout));
    assert.equal(vgpus.length, 4);
    for (const [nth, { gpu, type: name }] of vgpus.entries()) {
      const made = await create(`desk-${nth}`, "--gpu", gpu, "--type", name);
      assert.equal(made.exitCode, 0, made.stderr);
    }
    assert.equal((await world.truth()).mdevs.length, 5);

    const more = await run("plan", type(2));
    assert.equal(more.exitCode, 6);
    assert.match(more.stdout, /^0 of 1 vGPU would fit; nothing was made\n/);
    const refused = await create("one-too-many", "--type", type(2));
    assert.equal(refused.exitCode, 6);
    // What the plan says is short on each GPU is what each GPU refuses it for.
    const lacks = (gpu: string, text: string): string | undefined =>
      new RegExp(`^.*${gpu} .*?([A-Z_]+_EXHAUSTED) `, "m").exec(text)?.[1];
    for (const [gpu, reason] of [
      [GPU, "APERTURE_EXHAUSTED"],
      [SECOND_GPU, "HIGH_GM_EXHAUSTED"],
    ] as const)
      assert.deepEqual([lacks(gpu, more.stdout), lacks(gpu, refused.stderr)], [reason, reason]);
    assert.equal((await run("plan", ...words, "--empty")).exitCode, 0);
  });

  it("supposes a host that is otherwise, and changes nothing", async () => {
    const before = await world.footprint();
    const fits = async (...argv: readonly string[]): Promise<number> => (await run("plan", ...argv)).exitCode;
    assert.equal(await fits(`${type(8)}:13`), 6);
    assert.equal(await fits(`${type(8)}:13`, "--without-foreign"), 0);
    assert.equal(await fits(`${type(1)}:2`), 6);
    assert.equal(await fits(`${type(1)}:2`, "--aperture", `${GPU}=1024`), 0);
    assert.equal(await fits(type(1), "--aperture", `${SECOND_GPU}=4096`), 6);
    assert.equal(await fits(type(1), "--without-gpu", SECOND_GPU), 1);
    assert.deepEqual(await world.footprint(), before);
  });

  it("refuses what nobody can plan, by the field", async () => {
    const item = (count?: number): PlanItem =>
      PlanItem.fromPartial({ vgpu: { want: { $case: "type", value: type(8) } }, count });
    const cases: readonly [field: string, request: Parameters<typeof plan>[0]][] = [
      ["items", {}],
      ["items", { items: Array.from({ length: 10_000 }, () => item()) }],
      ["items", { items: [item(600), item(401)] }],
      ...[0, -1, 1001, 2 ** 31 - 1].map((count): [string, object] => [
        "items[0].count",
        { items: [item(count)] },
      ]),
      [
        "what_if.apertures[0].aperture_mib",
        { items: [item()], whatIf: { apertures: [{ gpu: GPU, apertureMib: 3 }] } },
      ],
    ];
    for (const [field, request] of cases) {
      const error = await refusal(plan(request));
      assert.deepEqual([error.code, error.field], ["INVALID_ARGUMENT", field]);
    }
    const gone = await refusal(plan({ items: [item()], whatIf: { withoutGpus: ["0000:7f:00.0"] } }));
    assert.deepEqual([gone.code, gone.reason], ["NOT_FOUND", "GPU_NOT_FOUND"]);
  });

  it("chooses by node, and the record of the choice is in every answer, with its domain and in the log", async () => {
    const ask = () =>
      world.create("near", ({ vgpu, spec }) => {
        vgpu.want = {
          $case: "flavor",
          value: { metadata: { "hw:vgt_low_gm_sz": "100", "hw:numa_nodes": "2" } },
        };
        vgpu.policy = PlacementPolicy.NUMA;
        spec.numaTuning = { mode: NumaMode.STRICT, nodes: [1] };
      });
    const { decision } = await ask();
    assert.deepEqual([decision?.gpu, decision?.type], [SECOND_GPU, type(4)]);
    assert.match(present(decision).warnings.join(), /asked for 100 .*told no sizes.*28 MiB low GM/);
    const scores = present(decision).candidates.map(({ score }) => score ?? NaN);
    assert.ok((scores[1] ?? 2) <= 1 && (scores[0] ?? 0) > 1, scores.join());
    assert.deepEqual((await ask()).decision, decision, "a retry is told the same");

    const shown = await run("domains", "near");
    assert.match(
      shown.stdout,
      new RegExp(`${GPU}.* 2\\.000 +ranked lower +has room; numa prefers ${SECOND_GPU}`),
    );
    const line = world.agent.log.split("\n").find((one) => one.includes('"msg":"vGPU placed"'));
    const { claim, gpu, policy, candidates } = JSON.parse(line ?? "{}") as Record<string, unknown>;
    assert.deepEqual([claim, gpu, policy], ["claim-near", SECOND_GPU, "numa"]);
    assert.equal((candidates as unknown[]).length, 2);
  });

  it("is told where nothing wants it near, and what of a flavor is none of its sizes", async () => {
    const nowhere = await create("desk", "--mode", "gvt-g", "--policy", "numa");
    assert.equal(nowhere.exitCode, 2);
    assert.match(nowhere.stderr, /policy NUMA.*\n +set by --numa/);
    const typo = await create("desk", "--flavor-metadata", "hw:vgt_low_gm_size=128");
    assert.match(typo.stderr, /did you mean vgt_low_gm_sz\?.*\n +set by --flavor-metadata/);
  });
});
