// Every way of looking tells the same of a vGPU, on every backend.
import assert from "node:assert/strict";
import { ClaimState, Ownership } from "../../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../../proto/gen/vgpud/v1/domain.ts";
import { VgpuServiceService as Vgpus } from "../../../proto/gen/vgpud/v1/vgpu_service.ts";
import { present } from "../harness/world.ts";
import { conform } from "./suite.ts";

conform("list", {
  "an empty GPU is shown in the mode, with what is to be had": async (trial) => {
    const { subject } = trial;
    const gpu = await trial.gpu();
    assert.deepEqual([gpu.mode, gpu.backend], [subject.shown.mode, subject.shown.backend]);
    assert.ok(gpu.types.every(({ mode }) => mode === subject.shown.mode));
    assert.deepEqual(
      (await trial.world.gpus()).map(({ pciAddress }) => pciAddress),
      [subject.gpu],
    );
    await trial.assertTaken({ own: 0, foreign: 0 });
  },

  "a vGPU is told alike by ListVgpus, GetVgpu, GetDomain, ListDomains and GetGpu": async (trial) => {
    const { subject, world } = trial;
    const { domain } = await trial.create("desk");
    const { uuid, vgpuIds } = present(domain);
    const [vgpu, ...others] = await world.vgpus();
    assert.deepEqual(others, []);
    assert.deepEqual(
      [vgpu?.gpu, vgpu?.mode, vgpu?.backend, vgpu?.type],
      [subject.gpu, subject.shown.mode, subject.shown.backend, subject.type],
    );
    assert.deepEqual(
      [vgpu?.present, vgpu?.inUse, vgpu?.domainUuid, vgpu?.domainName, vgpu?.claimId, vgpu?.claimState],
      [true, true, uuid, "desk", trial.claimOf("desk"), ClaimState.ACTIVE],
    );
    assert.deepEqual([[vgpu?.vgpuId], vgpu?.ownership], [vgpuIds, Ownership.OWN]);
    const got = await world.rpc.call(Vgpus.getVgpu, {
      vgpu: { ref: { $case: "vgpuId", value: vgpuIds[0] ?? "" } },
    });
    assert.deepEqual(got.vgpu, vgpu);
    assert.deepEqual(await world.named("desk"), domain);
    assert.deepEqual(await world.domains(), [{ ...present(domain), spec: undefined }]);
    await trial.assertTaken({ own: 1, foreign: 0 });
    await trial.destroy("desk");
  },

  "a domain that is off keeps its vGPU, which is shown as not in use": async (trial) => {
    const { world } = trial;
    const { domain } = await trial.create("desk");
    const stopped = await world.stop("desk", { gracePeriod: { seconds: 0n, nanos: 0 } });
    assert.deepEqual(
      [stopped.domain?.state, stopped.domain?.claimState, stopped.domain?.vgpuIds],
      [DomainState.SHUT_OFF, ClaimState.STOPPED, domain?.vgpuIds],
    );
    const [vgpu] = await world.vgpus();
    assert.deepEqual([vgpu?.inUse, vgpu?.claimState], [false, ClaimState.STOPPED]);
    await trial.assertTaken({ own: 1, foreign: 0 });
    assert.equal((await world.start("desk")).domain?.state, DomainState.RUNNING);
    await trial.destroy("desk");
  },
});
