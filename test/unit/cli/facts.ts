// What the fake vgpud knows: one shared GPU, one that cannot be shared, an own and a foreign vGPU.
import assert from "node:assert/strict";
import type { VgpuId } from "../../../agent/core/ids.ts";
import { plan as stepsOf } from "../../../agent/lifecycle/plan.ts";
import { stepObject, stepText } from "../../../agent/lifecycle/step-words.ts";
import { ClaimState, OnStop, Ownership } from "../../../proto/gen/vgpud/v1/claim.ts";
import { ConditionStatus, Severity } from "../../../proto/gen/vgpud/v1/condition.ts";
import { ConsoleListen, Domain, DomainState, DomainUsage } from "../../../proto/gen/vgpud/v1/domain.ts";
import { Backend, Gpu, Mode, WholeGpuHolder } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { Host, Hypervisor } from "../../../proto/gen/vgpud/v1/host.ts";
import { PlanResponse } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { GetHostResponse, ReconcileResponse, StepState } from "../../../proto/gen/vgpud/v1/host_service.ts";
import { Operation, OperationKind, OperationState } from "../../../proto/gen/vgpud/v1/operation.ts";
import { PlacementDecision, PlacementPolicy } from "../../../proto/gen/vgpud/v1/placement.ts";
import { Reservation } from "../../../proto/gen/vgpud/v1/reservation.ts";
import { Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import { vgpuClaim } from "../../fakes/claims.ts";
import { claimId } from "../../fakes/ids.ts";
import { exampleView } from "../observation/example-host.ts";

export const observeTime = new Date("2026-03-01T12:00:00.250Z");
const createTime = new Date("2026-03-01T11:59:00Z");
const ADDRESS = "0000:00:02.0";
const TYPE = "i915-GVTg_V5_4";
const SIZES = { lowGmMib: 128, highGmMib: 512, fences: 4 };

export const hostResponse = GetHostResponse.fromPartial({
  host: {
    hostname: "node-7",
    bootId: "0b3c7a52-4d6f-4f0e-9d8a-6b5c1c1f2a10",
    kernelRelease: "6.1.0-18-amd64",
    os: "Debian GNU/Linux 12 (bookworm)",
    hypervisor: Hypervisor.KVM,
    libvirt: { uri: "qemu:///system", connected: true, version: "9.0.0", hypervisorVersion: "7.2.0" },
    agentVersion: "0.1.0",
    startTime: createTime,
    cpuModel: "Intel Core i7-8700",
    cpus: 12,
    memoryMib: 65536n,
    instanceEpoch: "e1",
    revision: 7n,
    ledger: { active: 1 },
    scheduler: { adapter: "placement", host: "node-7.example", told: true },
    conditions: [
      {
        reason: "MODE_NOT_SERVED",
        status: ConditionStatus.FAIL,
        severity: Severity.INFO,
        message: "only gvt-g",
      },
    ],
  },
  observeTime,
  resumeToken: "epoch.7",
});

export const gpu = Gpu.fromPartial({
  pciAddress: ADDRESS,
  vendorId: "8086",
  deviceId: "3e92",
  pciClass: "030000",
  model: "UHD Graphics 630",
  generation: "gen9",
  driver: "i915",
  iommuGroup: 1,
  drmCard: "card0",
  drmRender: "renderD128",
  bootVga: true,
  apertureMib: 256,
  mode: Mode.GVT_G,
  backend: Backend.KVMGT,
  modes: [
    { mode: Mode.GVT_G, backend: Backend.KVMGT, available: true, served: true },
    { mode: Mode.SRIOV, backend: Backend.SRIOV, available: false, reason: "MODE_UNSUPPORTED" },
  ],
  budget: {
    total: { lowGmMib: 512, highGmMib: 3584, fences: 32, instances: 7 },
    host: { lowGmMib: 128, highGmMib: 384, fences: 4 },
    used: { ...SIZES, instances: 1 },
    usedOwn: { ...SIZES, instances: 1 },
    usedForeign: {},
    usedReserved: {},
    free: { lowGmMib: 256, highGmMib: 2688, fences: 24, instances: 6 },
    largestFree: { lowGmMib: 192, highGmMib: 1024 },
  },
  whole: { usedOwn: 0, usedForeign: 0, free: 0, heldBy: [WholeGpuHolder.VGPUS, WholeGpuHolder.SCREENS] },
  seats: { usedOwn: 0, usedForeign: 2 },
  types: [
    {
      name: "i915-GVTg_V5_8",
      sizes: { lowGmMib: 64, highGmMib: 384, fences: 4 },
      weight: 2,
      resolution: "1024x768",
      kernelAvailable: 4,
      allocatable: 4,
      mode: Mode.GVT_G,
    },
    {
      name: TYPE,
      sizes: SIZES,
      weight: 4,
      resolution: "1920x1200",
      kernelAvailable: 2,
      allocatable: 0,
      mode: Mode.GVT_G,
    },
  ],
});

export function hostDrained(note: string): Host {
  return Host.fromPartial({ ...hostResponse.host, drained: true, drainNote: note });
}

export function gpuDrained(note: string): Gpu {
  const types = gpu.types.map((type) => ({ ...type, allocatable: 0 }));
  return Gpu.fromPartial({ ...gpu, types, drained: true, drainNote: note });
}

/** On the first page of the list, though its address is the higher one. */
export const idleGpu = Gpu.fromPartial({
  pciAddress: "0000:03:00.0",
  vendorId: "8086",
  deviceId: "56a0",
  pciClass: "038000",
  numaNode: 1,
});

export const vgpu = Vgpu.fromPartial({
  vgpuId: "76677075-1111-8222-8333-444455556666",
  gpu: ADDRESS,
  mode: Mode.GVT_G,
  backend: Backend.KVMGT,
  type: TYPE,
  sizes: SIZES,
  backendRef: { ref: { $case: "mdevUuid", value: "76677075-1111-8222-8333-444455556666" } },
  ownership: Ownership.OWN,
  claimId: "job-17",
  claimState: ClaimState.ACTIVE,
  domainUuid: "5f0c3c52-6d1c-4b57-8b52-9d1d2d0a7c11",
  domainName: "web-1",
  inUse: true,
  present: true,
  iommuGroup: 9,
  createTime,
});

export const foreignVgpu = Vgpu.fromPartial({
  vgpuId: "f00df00d-0000-4000-8000-000000000001",
  gpu: ADDRESS,
  mode: Mode.GVT_G,
  backend: Backend.KVMGT,
  type: "i915-GVTg_V5_8",
  ownership: Ownership.FOREIGN,
  present: true,
});

/** An own one whose domain somebody else manages. */
export const lentVgpu = Vgpu.fromPartial({
  ...foreignVgpu,
  vgpuId: "76677075-2222-8222-8333-444455556666",
  backendRef: { ref: { $case: "mdevUuid", value: "76677075-2222-8222-8333-444455556666" } },
  ownership: Ownership.OWN,
  claimId: "lent-1",
  claimState: ClaimState.ACTIVE,
  createTime,
  operation: "operations/9d8c0f5a-2b1e-4f7d-8a6c-3e5b7f901234",
  labels: { job: "7" },
});

export const reservation = Reservation.fromPartial({
  claimId: "job-18",
  vgpuId: "76677075-3333-8222-8333-444455556666",
  gpu: ADDRESS,
  backend: Backend.KVMGT,
  type: "i915-GVTg_V5_8",
  sizes: { lowGmMib: 64, highGmMib: 384, fences: 4 },
  claimState: ClaimState.RESERVED,
  createTime,
  expireTime: new Date("2026-03-01T12:04:00Z"),
});

export function adoptedVgpu(claimId: string): Vgpu {
  return { ...foreignVgpu, ownership: Ownership.OWN, claimId, claimState: ClaimState.ACTIVE };
}

export const domain = Domain.fromPartial({
  uuid: "5f0c3c52-6d1c-4b57-8b52-9d1d2d0a7c11",
  name: "web-1",
  state: DomainState.RUNNING,
  ownership: Ownership.OWN,
  claimId: "job-17",
  claimState: ClaimState.ACTIVE,
  vgpuIds: [vgpu.vgpuId],
  vcpus: 2,
  memoryMib: 2048,
  onStop: OnStop.HOLD,
  createTime,
  updateTime: observeTime,
  operation: "operations/9d8c0f5a-2b1e-4f7d-8a6c-3e5b7f901234",
  labels: { "Team.Of": "render" },
  persistent: true,
  consoles: [
    {
      ...{ kind: "vnc", uri: "vnc://127.0.0.1:5901", listen: ConsoleListen.ADDRESS },
      ...{ address: "127.0.0.1", port: 5901 },
    },
  ],
});

export const usage = DomainUsage.fromPartial({
  cpuTime: { seconds: 52n, nanos: 340_000_000 },
  memoryMib: 2048n,
  residentMib: 1900n,
  sampleTime: observeTime,
});

/** Its name tries to move the cursor. */
export const foreignDomain = Domain.fromPartial({
  uuid: "11111111-2222-4333-8444-555555555555",
  name: "old\u001b[2Jbox",
  state: DomainState.SHUT_OFF,
  ownership: Ownership.FOREIGN,
});

export const operation = Operation.fromPartial({
  name: domain.operation,
  kind: OperationKind.CREATE_DOMAIN,
  state: OperationState.SUCCEEDED,
  claimId: domain.claimId,
  claimState: ClaimState.ACTIVE,
  domainUuid: domain.uuid,
  domainName: domain.name,
  gpu: ADDRESS,
  vgpuId: vgpu.vgpuId,
  startTime: createTime,
  endTime: observeTime,
});

const free = { lowGmMib: 384, highGmMib: 3200, fences: 28, instances: 7 };

export const decision = PlacementDecision.fromPartial({
  gpu: ADDRESS,
  backend: Backend.KVMGT,
  type: TYPE,
  sizes: SIZES,
  message: "fits",
  candidates: [
    {
      gpu: ADDRESS,
      backend: Backend.KVMGT,
      type: TYPE,
      chosen: true,
      message: "fits",
      free,
      score: 0.75,
    },
    { gpu: "0000:03:00.0", reason: "MODE_UNSUPPORTED", message: "offers no vGPU types" },
  ],
  warnings: ["high GM asked 400 MiB, given 512 MiB"],
  policy: PlacementPolicy.PACK,
});

export const refusedDecision = PlacementDecision.fromPartial({
  message: "no GPU has room",
  candidates: [
    {
      gpu: ADDRESS,
      backend: Backend.KVMGT,
      type: TYPE,
      reason: "APERTURE_EXHAUSTED",
      message: "128 MiB of aperture needed, 64 MiB free",
      free: { lowGmMib: 64, highGmMib: 2000, fences: 20, instances: 3 },
    },
  ],
  policy: PlacementPolicy.PACK,
});

const SMALL = { lowGmMib: 64, highGmMib: 384, fences: 4 };

/** Of two that are small and one that is as large as the one there is. */
export const plan = PlanResponse.fromPartial({
  fits: true,
  planned: [
    { item: 1, gpu: ADDRESS, type: TYPE, sizes: SIZES },
    { item: 0, gpu: ADDRESS, type: "i915-GVTg_V5_8", sizes: SMALL },
    { item: 0, gpu: ADDRESS, type: "i915-GVTg_V5_8", sizes: SMALL },
  ],
  exact: true,
  observeTime,
});

/** The same with one too many. */
export const shortPlan = PlanResponse.fromPartial({
  ...plan,
  fits: false,
  planned: plan.planned.slice(0, 2),
  unplanned: [
    {
      item: 0,
      count: 1,
      reason: "APERTURE_EXHAUSTED",
      shortfalls: [
        {
          gpu: ADDRESS,
          reason: "APERTURE_EXHAUSTED",
          message:
            "needs 64 MiB low GM, 384 MiB high GM, 4 fences, free are 32 MiB low GM, 2688 MiB high GM, 20 fences, 5 vGPUs",
          missing: { lowGmMib: 32 },
        },
        { gpu: "0000:03:00.0", reason: "MODE_UNSUPPORTED", message: "offers no vGPU types" },
      ],
    },
  ],
  warnings: ["asked for 100 MiB low GM\u001b[2J; given 128"],
});

const leaving = vgpuClaim(17, {
  claimId: claimId("job-17"),
  vgpuId: vgpu.vgpuId as VgpuId,
  state: "deleting",
  goal: "absent",
});
const { inventory } = exampleView;
assert.ok(inventory);

/** As the agent plans and words them. */
export const plannedSteps = ReconcileResponse.fromPartial({
  steps: stepsOf(leaving, inventory, inventory.observedAt).map((step) => ({
    claimId: leaving.claimId,
    object: stepObject(step, leaving),
    kind: step.kind,
    message: stepText(step, leaving, inventory),
    state: StepState.PLANNED,
  })),
  observeTime,
});

export const takenSteps = ReconcileResponse.fromPartial({
  steps: plannedSteps.steps.map((one) => ({ ...one, state: StepState.DONE })),
  observeTime,
});

/** The removal was held up. */
export const heldSteps = ReconcileResponse.fromPartial({
  steps: plannedSteps.steps.map((one, n) =>
    n === 0
      ? {
          ...one,
          state: StepState.FAILED,
          failure: { reason: "VGPU_IN_USE", message: "the vGPU is still open" },
        }
      : one,
  ),
  observeTime,
});
