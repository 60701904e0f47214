// Which slices of XenGT can be taken over: those of domains that are there, of which it is known what they take.
import assert from "node:assert/strict";
import { AgentError } from "../../../agent/core/errors.ts";
import type { Domain, Inventory, KernelVgpu } from "../../../agent/inventory/model.ts";
import { adoptable, type Adoptable } from "../../../agent/lifecycle/adoptable.ts";
import { foreignDomain } from "../../fakes/claims.ts";
import { FakeGpu, typeName } from "../../fakes/fake-kernel.ts";
import { claimId, foreignVgpuId, pciAddress } from "../../fakes/ids.ts";
import { FakeNode } from "../../fakes/node.ts";

const gpu = new FakeGpu(pciAddress(), 512);
const THEIRS = foreignVgpuId(7);
const untold: KernelVgpu = {
  ...{ id: THEIRS, gpu: gpu.address, type: "", isLeaving: false, iommuGroup: undefined, domid: 7 },
};
const made = { ...untold, type: typeName("4"), sizes: { lowGmMib: 128, highGmMib: 512, fences: 4 } };

function found(slice: KernelVgpu, ...domains: readonly Domain[]): Adoptable {
  const inventory: Inventory = {
    ...{ revision: 1, observedAt: 0, unread: [] },
    host: { hostname: "dom0", bootId: "1", kernelRelease: "4.11.0", hypervisor: "xen" },
    gpus: new Map([[gpu.address, { ...gpu.facts(), vgt: "2017" }]]),
    vgpus: new Map([[slice.id, slice]]),
    domains: { known: true, value: new Map(domains.map((domain) => [domain.id, domain])) },
  };
  const { ledger } = new FakeNode();
  const wanted = { vgpuId: slice.id, claimId: claimId("adopted"), withDomain: false };
  const request = { ...wanted, requestId: undefined, method: "AdoptVgpu", digest: "adopt" };
  return adoptable(request, { inventory, ledger, modes: new Map() });
}

const refusedFor = (reason: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof AgentError);
  assert.equal(error.reason, reason);
  assert.match(error.message, words);
  return true;
};

describe("a slice of XenGT", () => {
  const owner = foreignDomain(1, { vgpuIds: [THEIRS] });

  it("of others is taken over with what it takes", () => {
    const { share, user } = found(made, owner);
    assert.deepEqual(share, { mode: "gvt-g", type: made.type, sizes: made.sizes });
    assert.equal(user, owner);
  });

  it("of sizes that are of no type, or that nobody tells, is not taken over, which is said", () => {
    const sizes = { lowGmMib: 100, highGmMib: 300, fences: 4 };
    for (const [slice, words] of [
      [
        { ...made, type: "", sizes },
        /with 100 MiB low GM, 300 MiB high GM, 4 fences, of which GPU .* has no type/,
      ],
      [untold, /by nobody who tells with which sizes/],
      [{ ...untold, type: "other" }, /of type other, which the kernel does not describe/],
    ] as const)
      assert.throws(() => found(slice, owner), refusedFor("CLAIM_STATE", words));
  });

  it("whose domain is gone is nobody's to take over: it is swept", () => {
    assert.throws(
      () => found(made, foreignDomain(1)),
      refusedFor("CLAIM_STATE", /with number 7, which is gone/),
    );
  });
});
