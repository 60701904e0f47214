// A whole agent on a simulated Xen host: what others run there, by libvirt or by xl, and what cannot be made there.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Ownership } from "../../proto/gen/vgpud/v1/claim.ts";
import { ConditionStatus } from "../../proto/gen/vgpud/v1/condition.ts";
import { DomainState } from "../../proto/gen/vgpud/v1/domain.ts";
import * as spec from "../../proto/gen/vgpud/v1/domain_spec.ts";
import { DiagnoseRequest, HostServiceService } from "../../proto/gen/vgpud/v1/host_service.ts";
import { GpuServiceService, SetGpuModeRequest } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { Mode } from "../../proto/gen/vgpud/v1/gpu.ts";
import {
  CreateReservationRequest,
  ReservationServiceService,
} from "../../proto/gen/vgpud/v1/reservation_service.ts";
import { SimulatedAgent } from "./harness/simulated-agent.ts";
import { until } from "./harness/until.ts";

const GPU = "0000:00:02.0";
const UUID = "7d1f0a44-5b8e-4a0c-9f0b-000000000007";
const HOST = `{ hypervisor: xen, xl_guests: [{ name: desk, uuid: ${UUID}, pci: ["${GPU}"] }] }`;

describe("a Xen host", function () {
  this.timeout(60_000);
  let folder: string;
  let agent: SimulatedAgent;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "xen-host-"));
    const file = path.join(folder, "host.yaml");
    await writeFile(file, HOST);
    agent = await SimulatedAgent.start(file);
  });
  after(async () => {
    await agent[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it("shows a guest of xl as somebody else's domain, and its GPU as taken", async () => {
    const domains = await agent.domains();
    assert.deepEqual(
      domains.map(({ name, uuid, state, ownership }) => ({ name, uuid, state, ownership })),
      [{ name: "desk", uuid: UUID, state: DomainState.UNKNOWN, ownership: Ownership.FOREIGN }],
    );
    const [gpu] = await agent.gpus();
    assert.ok(gpu);
    assert.deepEqual([gpu.whole?.usedForeign, gpu.whole?.free, gpu.whole?.domainUuid], [1, 0, UUID]);
  });

  it("frees the GPU when the guest ends, of which nobody tells", async () => {
    await agent.behindItsBack({ command: "xl-destroy", name: "desk" });
    await agent.rpc.call(HostServiceService.reconcile, { dryRun: false, claimId: "" });
    await until("the guest has gone", async () => (await agent.domains()).length === 0);
    const [gpu] = await agent.gpus();
    assert.deepEqual([gpu?.whole?.usedForeign, gpu?.whole?.domainUuid], [0, ""]);
  });

  it("is found to have what Xen needs to give the GPU away: an IOMMU, and QEMU", async () => {
    const { conditions } = await agent.rpc.call(HostServiceService.diagnose, DiagnoseRequest.fromPartial({}));
    const statusOf = (reason: string): ConditionStatus | undefined =>
      conditions.find((condition) => condition.reason === reason)?.status;
    assert.equal(statusOf("IOMMU_OFF"), ConditionStatus.PASS);
    assert.equal(statusOf("QEMU_MISSING"), ConditionStatus.PASS);
    assert.equal(statusOf("MAC_DENIES_VFIO"), ConditionStatus.NOT_APPLICABLE);
  });

  it("says of gvt-s in each place that no guest of Xen has it", async () => {
    const setting = SetGpuModeRequest.fromPartial({ gpu: GPU, mode: Mode.GVT_S });
    const reserving = CreateReservationRequest.fromPartial({
      ...{ claimId: "seat", ttl: { seconds: 60n, nanos: 0 } },
      vgpu: { want: { $case: "mode", value: Mode.GVT_S } },
    });
    for (const call of [
      () => agent.rpc.call(GpuServiceService.setGpuMode, setting),
      () => agent.rpc.call(ReservationServiceService.createReservation, reserving),
    ])
      await assert.rejects(call, (error: Error) => {
        assert.match(error.message, /VIRGL_NOT_ON_XEN/);
        assert.doesNotMatch(error.message, /this release|set-mode/);
        return true;
      });
  });

  it("refuses by its name what Xen cannot do, before it looks for room", async () => {
    const fields = agent.create("a", (draft) => {
      draft.spec.disks = [{ ...draft.disk, bus: spec.DiskBus.VIRTIO }];
      draft.spec.guestAgent = { shutdown: true };
    });
    await assert.rejects(fields, (error: Error) => {
      assert.match(error.message, /domain\.disks\[0\]\.bus cannot be served here/);
      assert.match(error.message, /domain\.guest_agent cannot be served here/);
      return true;
    });
  });
});
