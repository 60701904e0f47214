// The host boots, on every backend: what is held comes back, and what is to run runs.
import assert from "node:assert/strict";
import { ClaimState } from "../../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../../proto/gen/vgpud/v1/domain.ts";
import { until } from "../harness/until.ts";
import { conform } from "./suite.ts";
import { AT_ONCE, placeOf } from "./trial.ts";

conform("reboot", {
  "the GPU is in its mode again, with the room that it had": async (trial) => {
    const { subject } = trial;
    await trial.boot();
    const { mode, backend } = await trial.gpu();
    assert.deepEqual([mode, backend], [subject.shown.mode, subject.shown.backend]);
    await trial.assertTaken({ own: 0, foreign: 0 });
  },

  "a domain that is off has its vGPU, and can be started with it": async (trial) => {
    const { world } = trial;
    const { domain } = await trial.create("desk");
    const places = await trial.given("desk");
    await world.stop("desk", AT_ONCE);
    await trial.boot();
    await trial.assertTaken({ own: 1, foreign: 0 });
    const started = await world.start("desk");
    assert.deepEqual(
      [started.domain?.state, started.domain?.claimState, started.domain?.vgpuIds],
      [DomainState.RUNNING, ClaimState.ACTIVE, domain?.vgpuIds],
    );
    assert.deepEqual(await trial.given("desk"), places);
    await trial.destroy("desk");
  },

  "a domain that is started with the host runs with its vGPU": async (trial) => {
    const { world } = trial;
    const { domain } = await trial.create("desk", ({ spec }) => {
      spec.autostart = true;
    });
    await trial.boot();
    await until("it runs", async () => {
      const { state, claimState } = await world.named("desk");
      return state === DomainState.RUNNING && claimState === ClaimState.ACTIVE;
    });
    const [vgpu] = await world.vgpus();
    assert.deepEqual([[vgpu?.vgpuId], vgpu?.inUse], [domain?.vgpuIds, true]);
    assert.deepEqual(await trial.given("desk"), [placeOf(vgpu?.backendRef)]);
    await trial.destroy("desk");
  },

  "what is made for a held vGPU is made again by itself": {
    needs: "is there while its domain is off",
    run: async (trial) => {
      await trial.create("desk");
      const made = await trial.made();
      await trial.boot();
      await until("it is there again", async () => (await trial.made()).join() === made.join());
      await trial.destroy("desk");
    },
  },

  "a vGPU that was handed over stands again": {
    needs: "stands without a domain",
    run: async (trial) => {
      const { vgpuId, backendRef } = await trial.createVgpu("lent");
      await trial.boot();
      await until("it is there again", async () => {
        const [vgpu] = await trial.world.vgpus();
        return vgpu?.present === true && vgpu.vgpuId === vgpuId && vgpu.claimState === ClaimState.ACTIVE;
      });
      assert.equal(placeOf((await trial.world.vgpus())[0]?.backendRef), placeOf(backendRef));
      await trial.deleteVgpu(vgpuId);
    },
  },
});
