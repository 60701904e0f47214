// One host whose four GPUs are each shared in another mode: a vGPU that is asked for by what it has to give lands where it should,
// and plan, decision, lists and metrics say the same.
import assert from "node:assert/strict";
import path from "node:path";
import {
  GpuServiceService as Gpus,
  PlanRequest,
  SetGpuModeRequest,
  SetVirtualFunctionsRequest,
} from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import type { PlacementDecision, VgpuNeed } from "../../proto/gen/vgpud/v1/placement.ts";
import { VgpuNeeds, VgpuRequest } from "../../proto/gen/vgpud/v1/placement.ts";
import {
  CreateReservationRequest,
  ReservationServiceService as Reservations,
} from "../../proto/gen/vgpud/v1/reservation_service.ts";
import { CreateVgpuRequest, VgpuServiceService as Vgpus } from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import { vgpuctl, type Ran } from "../unit/cli/vgpuctl.ts";
import { GPU, type, type Draft } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { present, World } from "./harness/world.ts";

const FLEX = "0000:03:00.0";
const WHOLE = "0000:05:00.0";
const SEATS = "0000:07:00.0";
const HOST = `
kernel: 7.1.4
gpus:
  - { address: "${GPU}", device: "3e92", aperture_mib: 512 }
  - { address: "${FLEX}", device: "56c0", aperture_mib: 4096, driver: xe, boot_vga: false, total_vfs: 7 }
  - { address: "${WHOLE}", device: "56a0", aperture_mib: 4096, driver: xe, boot_vga: false }
  - { address: "${SEATS}", device: "56a0", aperture_mib: 4096, driver: xe, boot_vga: false }
`;

describe("a host with GPUs in four modes, over the wire", function () {
  this.timeout(120_000);
  let world: World;
  beforeEach(async () => {
    world = await World.start(
      HOST,
      {},
      {
        limits: `{ render_seats: 1, render_seats_by_gpu: { "${SEATS}": 2, "0000:09:00.0": 3 } }`,
      },
    );
    await setMode(FLEX, Mode.SRIOV);
    const functions = SetVirtualFunctionsRequest.fromPartial({ gpu: FLEX, count: 2 });
    await world.rpc.call(Gpus.setVirtualFunctions, functions);
    await setMode(WHOLE, Mode.GVT_D);
    await setMode(SEATS, Mode.GVT_S);
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const setMode = async (gpu: string, mode: Mode): Promise<void> => {
    await world.rpc.call(Gpus.setGpuMode, SetGpuModeRequest.fromPartial({ gpu, mode }));
  };
  const run = (...argv: readonly string[]): Promise<Ran> => vgpuctl(world.socket, argv);
  const needing = (...anyOf: readonly Partial<VgpuNeed>[]): VgpuRequest =>
    VgpuRequest.fromPartial({
      want: { $case: "needs", value: VgpuNeeds.fromPartial({ anyOf: [...anyOf] }) },
    });
  const slice = (minLowGmMib: number): Partial<VgpuNeed> => ({ mode: Mode.GVT_G, minLowGmMib });
  const vf: Partial<VgpuNeed> = { mode: Mode.SRIOV };
  const create = async (name: string, vgpu: VgpuRequest): Promise<PlacementDecision> => {
    const made = await world.create(name, (draft: Draft) => {
      draft.vgpu.want = vgpu.want;
    });
    return present(made.decision);
  };
  const where = ({ gpu, type: name }: Pick<PlacementDecision, "gpu" | "type">): string => `${name} on ${gpu}`;

  it("meets the first need that has room, and the record says of every GPU why it is not there", async () => {
    const any = needing(slice(128), vf);
    const places = ["one", "two", "three", "four", "five"];
    const decisions: PlacementDecision[] = [];
    for (const name of places) decisions.push(await create(name, any));
    assert.deepEqual(decisions.map(where), [
      ...Array<string>(3).fill(`${type(4)} on ${GPU}`),
      ...Array<string>(2).fill(`vf on ${FLEX}`),
    ]);
    assert.deepEqual(
      decisions[0]?.candidates.map(({ gpu, reason, message }) => [gpu, reason, message]),
      [
        [GPU, "", "meets what is asked for first"],
        [FLEX, "", `has room; what is asked for first fits on ${GPU}`],
        [WHOLE, "MODE_UNSUPPORTED", "is in mode gvt-d, and offers no vGPU types and has no SR-IOV"],
        [SEATS, "MODE_UNSUPPORTED", "is in mode gvt-s, and offers no vGPU types and has no SR-IOV"],
      ],
    );
    const full = await refusal(create("six", any));
    assert.equal(full.code, "RESOURCE_EXHAUSTED");
    const asked = await run("plan", "gvt-g,low-gm=128/sriov");
    assert.equal(asked.exitCode, 6);
    for (const [gpu, reason] of [
      [GPU, "APERTURE_EXHAUSTED"],
      [FLEX, "FUNCTIONS_EXHAUSTED"],
      [WHOLE, "MODE_UNSUPPORTED"],
      [SEATS, "MODE_UNSUPPORTED"],
    ] as const)
      assert.match(asked.stdout, new RegExp(`${gpu} +${reason} `));

    const listed = (await world.rpc.call(Vgpus.listVgpus, { pageSize: 0, pageToken: "" })).vgpus;
    assert.deepEqual(
      listed.map(({ gpu, type: name, domainName }) => [domainName, where({ gpu, type: name })]).sort(),
      places.map((name, at) => [name, where(present(decisions[at]))]).sort(),
    );
    const metrics = await world.scrape();
    assert.match(metrics, new RegExp(`^vgpud_gpu_virtual_functions_free\\{.*${FLEX}.*\\} 0$`, "m"));
    assert.match(metrics, new RegExp(`^vgpud_vgpu_type_allocatable\\{.*${GPU}.*${type(4)}.*\\} 0$`, "m"));
    assert.match(metrics, new RegExp(`^vgpud_gpu_whole_free\\{.*${WHOLE}.*\\} 1$`, "m"));
  });

  it("plans all modes in one request, which is then made to the last vGPU", async () => {
    const words = ["sriov:2", "gvt-d", "gvt-s:2", `${type(4)}:2`, "gvt-g,low-gm=65/sriov"];
    const planned = await run("plan", ...words, "-o", "json");
    assert.equal(planned.exitCode, 0, planned.stderr);
    const { planned: vgpus } = JSON.parse(planned.stdout) as { planned: { gpu: string; type: string }[] };
    assert.equal(vgpus.length, 8);
    for (const [nth, { gpu, type: name }] of vgpus.entries()) {
      const made = await run(
        ...["create", `desk-${nth}`, "--gpu", gpu, "--type", name, "--claim-id", `claim-${nth}`],
        ...["--vcpus", "1", "--memory", "64", "--kernel", path.join(world.images, "vmlinuz")],
      );
      assert.equal(made.exitCode, 0, made.stderr);
    }
    const more = await run("plan", "gvt-s", "gvt-d", "sriov", "-o", "json");
    const { unplanned } = JSON.parse(more.stdout) as { unplanned: { reason: string }[] };
    assert.deepEqual(
      unplanned.map(({ reason }) => reason),
      ["SEATS_EXHAUSTED", "GPU_EXHAUSTED", "FUNCTIONS_EXHAUSTED"],
    );
    assert.equal((await run("plan", ...words, "--empty")).exitCode, 0);
  });

  it("takes needs on the command line and in a reservation, which serves who needs no more than it has", async () => {
    const reserved = await run(
      "reserve",
      "--need",
      "gvt-g,low-gm=65",
      "--need",
      "sriov",
      "--claim-id",
      "job",
    );
    assert.equal(reserved.exitCode, 0, reserved.stderr);
    const bind = (name: string, ...need: readonly string[]): Promise<Ran> =>
      run(
        ...["create", name, ...need.flatMap((one) => ["--need", one]), "--reservation", "job"],
        ...["--claim-id", name, "--vcpus", "1", "--memory", "64"],
        ...["--kernel", path.join(world.images, "vmlinuz")],
      );
    const other = await bind("large", "gvt-g,low-gm=256");
    assert.match(other.stderr, /RESERVATION_MISMATCH|holds room for i915-GVTg_V5_4/);
    assert.notEqual(other.exitCode, 0);
    const bound = await bind("small", "sriov", "gvt-g,low-gm=64");
    assert.equal(bound.exitCode, 0, bound.stderr);

    const held = await world.rpc.call(
      Reservations.createReservation,
      CreateReservationRequest.fromPartial({
        claimId: "job-2",
        vgpu: needing(vf, slice(64)),
        ttl: { seconds: 60 },
      }),
    );
    assert.equal(where(present(held.decision)), `vf on ${FLEX}`);
  });

  it("hands over what needs no domain where a seat would have been preferred", async () => {
    const request = { claimId: "theirs", vgpu: needing({ mode: Mode.GVT_S }, vf) };
    const made = await world.rpc.call(Vgpus.createVgpu, CreateVgpuRequest.fromPartial(request));
    assert.equal(where(present(made.decision)), `vf on ${FLEX}`);
    const seat = { claimId: "seat", vgpu: needing({ mode: Mode.GVT_S }) };
    const refused = await refusal(world.rpc.call(Vgpus.createVgpu, CreateVgpuRequest.fromPartial(seat)));
    assert.equal(refused.reason, "MODE_UNSUPPORTED");
  });

  it("tells a function that was never given so much from one that is taken", async () => {
    const large = needing({ mode: Mode.SRIOV, minVramMib: 1_000_000n });
    const refused = await refusal(create("large", large));
    assert.deepEqual([refused.code, refused.reason], ["NOT_FOUND", "TYPE_UNKNOWN"]);
    const plan = await world.rpc.call(Gpus.plan, PlanRequest.fromPartial({ items: [{ vgpu: large }] }));
    assert.deepEqual(
      plan.unplanned.map(({ reason, shortfalls }) => [reason, shortfalls.length]),
      [["TYPE_UNKNOWN", 4]],
    );
  });
});
