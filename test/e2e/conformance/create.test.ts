// A domain with a vGPU is made, on every backend.
import assert from "node:assert/strict";
import { ClaimState, Ownership } from "../../../proto/gen/vgpud/v1/claim.ts";
import { DomainState } from "../../../proto/gen/vgpud/v1/domain.ts";
import { truthOf } from "./host-truth.ts";
import { conform } from "./suite.ts";
import { placeOf } from "./trial.ts";

conform("create", {
  "a domain is placed, made and started, and its definition names what it was given": async (trial) => {
    const { subject, world } = trial;
    const { domain, decision } = await trial.create("desk");
    assert.deepEqual(
      [decision?.gpu, decision?.backend, decision?.type],
      [subject.gpu, subject.shown.backend, subject.type],
    );
    assert.deepEqual(
      [domain?.state, domain?.ownership, domain?.claimState, domain?.vgpuIds.length],
      [DomainState.RUNNING, Ownership.OWN, ClaimState.ACTIVE, 1],
    );
    const [vgpu] = await world.vgpus();
    assert.deepEqual(await trial.given("desk"), [placeOf(vgpu?.backendRef)]);
    assert.deepEqual(
      (await truthOf(world)).domains.map(({ name, state }) => [name, state]),
      [["desk", "running"]],
    );
    await trial.destroy("desk");
  },

  "what the kernel has is what the answer says": {
    needs: "makes something in the kernel",
    run: async (trial) => {
      await trial.create("desk");
      const [vgpu] = await trial.world.vgpus();
      assert.deepEqual(await trial.made(), [placeOf(vgpu?.backendRef)]);
      await trial.destroy("desk");
    },
  },

  "no two domains are given the same": {
    needs: "is shared",
    run: async (trial) => {
      const names = await trial.fill();
      const vgpus = await trial.world.vgpus();
      assert.equal(new Set(vgpus.map(({ vgpuId }) => vgpuId)).size, names.length);
      for (const name of names) {
        const own = vgpus.find(({ domainName }) => domainName === name);
        assert.deepEqual(await trial.given(name), [placeOf(own?.backendRef)]);
      }
      for (const name of names) await trial.destroy(name);
    },
  },

  "asked for again under the same claim id it is the same, and made once": async (trial) => {
    const first = await trial.create("desk");
    const made = await trial.made();
    assert.deepEqual((await trial.create("desk")).domain, first.domain);
    assert.deepEqual(await trial.made(), made);
    await trial.destroy("desk");
  },

  "a vGPU is made for a domain that somebody else manages": {
    needs: "stands without a domain",
    run: async (trial) => {
      const { world, subject } = trial;
      const { vgpuId, claimState, gpu, type } = await trial.createVgpu("lent");
      assert.deepEqual([claimState, gpu, type], [ClaimState.ACTIVE, subject.gpu, subject.type]);
      assert.deepEqual(await world.domains(), []);
      await trial.assertTaken({ own: 1, foreign: 0 });
      assert.equal((await trial.deleteVgpu(vgpuId)).claimState, ClaimState.GONE);
      await trial.assertTaken({ own: 0, foreign: 0 });
    },
  },

  "a dry run says where it would be, and makes nothing": async (trial) => {
    const { decision, domain } = await trial.create("desk", ({ request }) => {
      request.validateOnly = true;
    });
    assert.deepEqual([decision?.gpu, domain], [trial.subject.gpu, undefined]);
    await trial.assertTaken({ own: 0, foreign: 0 });
  },
});
