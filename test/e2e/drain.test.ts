// Out of service for new vGPUs, and back: what is refused, what goes on, and where it is seen.
import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import path from "node:path";
import { ClaimState } from "../../proto/gen/vgpud/v1/claim.ts";
import { GpuServiceService as Gpus, PlanRequest } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import { DiagnoseRequest, HostServiceService as Hosts } from "../../proto/gen/vgpud/v1/host_service.ts";
import {
  CreateReservationRequest,
  ReservationServiceService as Reservations,
} from "../../proto/gen/vgpud/v1/reservation_service.ts";
import { CreateVgpuRequest, VgpuServiceService as Vgpus } from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import { ResourceKind } from "../../proto/gen/vgpud/v1/watch_service.ts";
import { GPU, SECOND_GPU, type } from "./harness/requests.ts";
import { refusal } from "./harness/rpc.ts";
import { Watching } from "./harness/watching.ts";
import { World } from "./harness/world.ts";
import { vgpuctl } from "../unit/cli/vgpuctl.ts";

const TWO_GPUS = `
gpus:
  - { address: "${GPU}", aperture_mib: 1024 }
  - { address: "${SECOND_GPU}", aperture_mib: 1024 }
`;

describe("a drain", () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start(TWO_GPUS);
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
  });

  const drainGpu = (gpu: string, note = "") => world.rpc.call(Gpus.drainGpu, { gpu, note });
  const undrainGpu = (gpu: string) => world.rpc.call(Gpus.undrainGpu, { gpu });
  const drainHost = (note = "") => world.rpc.call(Hosts.drainHost, { note });
  const undrainHost = () => world.rpc.call(Hosts.undrainHost, {});
  /** What the kernel alone tells of is seen at the next look. */
  const lookAgain = () => world.rpc.call(Hosts.reconcile, { dryRun: true, claimId: "" });
  const page = async (): Promise<string> => await (await fetch(new URL("/", world.metricsUrl))).text();

  it("of a GPU sends new vGPUs elsewhere, and says why to whoever wants that GPU", async () => {
    const { gpu } = await drainGpu(GPU, "fan is loud");
    assert.deepEqual([gpu?.drained, gpu?.drainNote], [true, "fan is loud"]);
    const { decision } = await world.create("elsewhere");
    assert.equal(decision?.gpu, SECOND_GPU);
    assert.deepEqual(decision.candidates.map(({ reason, message }) => [reason, message])[0], [
      "GPU_DRAINED",
      "is drained: fan is loud",
    ]);
    const error = await refusal(
      world.create("there", ({ vgpu }) => {
        vgpu.gpu = GPU;
      }),
    );
    assert.deepEqual([error.code, error.reason], ["FAILED_PRECONDITION", "GPU_DRAINED"]);
    const vgpu = { want: { $case: "type" as const, value: type(8) }, gpu: GPU };
    const lent = CreateVgpuRequest.fromPartial({ claimId: "lent", vgpu });
    assert.equal((await refusal(world.rpc.call(Vgpus.createVgpu, lent))).reason, "GPU_DRAINED");
    const held = CreateReservationRequest.fromPartial({ claimId: "held", vgpu });
    assert.equal((await refusal(world.rpc.call(Reservations.createReservation, held))).reason, "GPU_DRAINED");
    assert.equal((await undrainGpu(GPU)).gpu?.drained, false);
    assert.equal((await world.create("there", ({ vgpu }) => void (vgpu.gpu = GPU))).decision?.gpu, GPU);
  });

  it("keeps no promise from being kept: what was reserved before is bound", async () => {
    const vgpu = { want: { $case: "type" as const, value: type(8) }, gpu: GPU };
    const ttl = { seconds: 3600n, nanos: 0 };
    const held = CreateReservationRequest.fromPartial({ claimId: "held", vgpu, ttl });
    const { reservation } = await world.rpc.call(Reservations.createReservation, held);
    await drainHost();
    const { domain } = await world.create("desk", ({ request }) => {
      request.reservation = "held";
      request.vgpu = undefined;
    });
    assert.deepEqual(domain?.vgpuIds, [reservation?.vgpuId]);
  });

  it("is told to those who watch, of the host and of a GPU", async () => {
    const kinds = [ResourceKind.HOST, ResourceKind.GPU];
    using watching = await new Watching(world.socket, { kinds }).synced();
    const shown = (): (boolean | undefined)[] =>
      ["host", `gpu ${GPU}`, `gpu ${SECOND_GPU}`].map((key) => {
        const object = watching.objects.get(key);
        return object?.$case === "host" || object?.$case === "gpu" ? object.value.drained : undefined;
      });
    const become = (...drained: boolean[]) =>
      watching.until(() => shown().every((each, index) => each === drained[index]));
    await drainGpu(GPU, "fan is loud");
    await become(false, true, false);
    await drainHost();
    await become(true, true, false);
    await undrainHost();
    await undrainGpu(GPU);
    await become(false, false, false);
  });

  it("is counted by a plan", async () => {
    await drainGpu(GPU);
    const items = [{ vgpu: { want: { $case: "type" as const, value: type(1) } }, count: 2 }];
    const plan = await world.rpc.call(Gpus.plan, PlanRequest.fromPartial({ items }));
    assert.deepEqual(
      [plan.planned.map(({ gpu }) => gpu), plan.unplanned.map(({ count }) => count)],
      [[SECOND_GPU], [1]],
    );
    await drainHost();
    const none = await world.rpc.call(Gpus.plan, PlanRequest.fromPartial({ items }));
    assert.deepEqual([none.planned, none.unplanned[0]?.reason], [[], "HOST_DRAINED"]);
  });

  it("of the host lets what exists go on, and held vGPUs be started again", async () => {
    await world.create("desk-1");
    await drainHost("kernel update");
    const error = await refusal(world.create("desk-2"));
    assert.deepEqual([error.code, error.reason], ["FAILED_PRECONDITION", "HOST_DRAINED"]);
    assert.match(error.message, /the host is drained: kernel update$/);
    await world.stop("desk-1");
    assert.equal((await world.start("desk-1")).domain?.claimState, ClaimState.ACTIVE);
    assert.equal((await world.destroy("desk-1")).domain?.claimState, ClaimState.GONE);
    await undrainHost();
    await world.create("desk-2");
  });

  it("is seen wherever the host and its GPUs are", async () => {
    await drainHost("kernel update");
    await drainGpu(SECOND_GPU, "fan");
    const host = await world.shownHost();
    assert.deepEqual([host.drained, host.drainNote, host.drainedGpus], [true, "kernel update", [SECOND_GPU]]);
    assert.ok(host.conditions.some(({ reason }) => reason === "HOST_DRAINED"));
    const [first, second] = await world.gpus();
    assert.deepEqual(
      [first?.drained, second?.drained, second?.drainNote, second?.conditions[0]?.reason],
      [false, true, "fan", "GPU_DRAINED"],
    );
    assert.deepEqual(
      [first, second].map((gpu) => gpu?.conditions.some(({ reason }) => reason === "HOST_DRAINED")),
      [true, true],
    );
    assert.ok([first, second].every((gpu) => gpu?.types.every(({ allocatable }) => allocatable === 0)));
    const metrics = await world.scrape();
    assert.match(metrics, /^vgpud_host_drained 1$/m);
    assert.match(metrics, new RegExp(`^vgpud_gpu_drained\\{pci_address="${GPU}"\\} 0$`, "m"));
    assert.match(metrics, new RegExp(`^vgpud_gpu_drained\\{pci_address="${SECOND_GPU}"\\} 1$`, "m"));
    assert.match(await page(), /HOST_DRAINED[^]*kernel update[^]*GPU_DRAINED[^]*fan/);
    // What was answered before is not answered again once it has changed.
    await undrainHost();
    await undrainGpu(SECOND_GPU);
    assert.equal((await world.shownHost()).drained, false);
    assert.deepEqual(
      (await world.gpus()).map(({ drained, conditions }) => [
        drained,
        conditions.some(({ reason }) => reason === "GPU_DRAINED"),
      ]),
      [
        [false, false],
        [false, false],
      ],
    );
  });

  it("is told by the diagnosis, of which it makes no mode impossible", async () => {
    await drainHost("kernel update");
    await drainGpu(SECOND_GPU, "fan is loud");
    const drains = async (asked: Partial<DiagnoseRequest> = {}): Promise<readonly unknown[]> => {
      const request = DiagnoseRequest.fromPartial(asked);
      const { conditions } = await world.rpc.call(Hosts.diagnose, request);
      const told = conditions.filter(({ reason }) => reason.endsWith("_DRAINED"));
      return told.map(({ reason, gpu, message, remedy }) => [reason, gpu, message.split(";")[0], remedy]);
    };
    const ofHost = ["HOST_DRAINED", "", "the host is drained: kernel update", "vgpuctl undrain ends it"];
    const ofGpu = [
      ...["GPU_DRAINED", SECOND_GPU, `${SECOND_GPU} is drained: fan is loud`],
      `vgpuctl undrain ${SECOND_GPU} ends it`,
    ];
    assert.deepEqual(await drains(), [ofHost, ofGpu]);
    assert.deepEqual(await drains({ gpu: GPU, mode: Mode.GVT_G }), [ofHost]);
    assert.match(JSON.stringify(await drains({ language: "zh-Hans" })), /本主机.*kernel update/);
    const said = await vgpuctl(world.socket, ["doctor"]);
    assert.match(said.stdout, /INFO +HOST_DRAINED\n.*kernel update.*\n +do: vgpuctl undrain ends it/);
    await undrainHost();
    await undrainGpu(SECOND_GPU);
    assert.deepEqual(await drains(), []);
  });

  it("survives the agent's end, and that the GPU is away meanwhile", async () => {
    await drainGpu(SECOND_GPU, "fan");
    await world.setFaults({ kind: "GPU_VANISHES", gpu: SECOND_GPU });
    await lookAgain();
    assert.equal((await world.gpus()).length, 1);
    const error = await refusal(drainGpu(SECOND_GPU));
    assert.deepEqual([error.code, error.reason], ["NOT_FOUND", "GPU_NOT_FOUND"]);
    await world.kill();
    await world.startAgain();
    await world.clearFaults();
    await lookAgain();
    const [, back] = await world.gpus();
    assert.deepEqual([back?.drained, back?.drainNote], [true, "fan"]);
  });

  it("is of the whole host when its record was damaged", async () => {
    await drainGpu(SECOND_GPU, "fan");
    await world.kill();
    await appendFile(path.join(world.stateDir, "drained.json"), "x");
    await world.startAgain();
    const host = await world.shownHost();
    assert.deepEqual([host.drained, host.ledger?.unreadable], [true, 1]);
    assert.match(host.drainNote, /could not be read and lies in .*drained\.json\.set-aside$/);
    await undrainHost();
    await world.create("desk-1");
  });

  it("takes a note that people can read", async () => {
    for (const note of ["a\nb", "x".repeat(256)]) {
      const error = await refusal(drainHost(note));
      assert.deepEqual(
        [error.code, error.reason, error.field],
        ["INVALID_ARGUMENT", "FIELD_INVALID", "note"],
      );
    }
    assert.equal((await drainHost("ü".repeat(255))).host?.drained, true);
  });
});
