// The arithmetic of one GPU, against a kernel whose arithmetic is written apart from ours.
import assert from "node:assert/strict";
import fc from "fast-check";
import { gvtgCapacity } from "../../../agent/backends/kvmgt/capacity-rule.ts";
import { budgetOf, lacking, room } from "../../../agent/capacity/budget.ts";
import { allocatable } from "../../../agent/capacity/kernel-count.ts";
import { place } from "../../../agent/capacity/place.ts";
import { FakeGpu, typeName } from "../../fakes/fake-kernel.ts";
import { foreignVgpuId, ownVgpuId, pciAddress } from "../../fakes/ids.ts";
import { apertures, byType, suffixes } from "./placing.ts";
import { untouched } from "../../fakes/stock.ts";

describe("the arithmetic of one GPU", () => {
  it("gives what the kernel gives, for every aperture and type", () => {
    const table = apertures.map((aperture) => {
      const gpu = new FakeGpu(pciAddress(), aperture).facts();
      const endowment = gvtgCapacity(gpu);
      assert.ok(endowment);
      const budget = budgetOf(endowment, []);
      return [aperture, gpu.types.map(({ sizes }) => sizes && allocatable(budget, sizes, []))];
    });
    assert.deepEqual(Object.fromEntries(table), {
      128: [],
      256: [2, 1],
      512: [6, 3, 1],
      1024: [7, 5, 2, 1],
      2048: [4, 3, 1, 0],
      4096: [0, 0, 0, 0],
    });
  });

  it("gives nothing of 4 GiB of aperture although the kernel's own count wraps and promises some", () => {
    const gpu = new FakeGpu(pciAddress(), 4096).facts();
    const wrapped = { ...gpu, types: gpu.types.map((type) => ({ ...type, kernelAvailable: 7 })) };
    const wish = byType("8");
    const decision = place(wish, { gpus: [wrapped], ...untouched });
    assert.ok(!decision.ok);
    assert.equal(decision.reason, "HIGH_GM_EXHAUSTED");
  });

  it("stays equal to the kernel's whatever has been made", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...apertures),
        fc.array(fc.constantFrom(...suffixes)),
        (aperture, wanted) => {
          const gpu = new FakeGpu(pciAddress(), aperture);
          for (const [n, suffix] of wanted.entries()) {
            try {
              gpu.make(ownVgpuId(n), typeName(suffix));
            } catch {
              // no room: what was made so far stands
            }
          }
          const facts = gpu.facts();
          const holdings = gpu.slices().map(({ id, type }) => {
            const sizes = facts.types.find(({ name }) => name === type)?.sizes;
            assert.ok(sizes);
            return { vgpuId: id, gpu: gpu.address, sizes };
          });
          const endowment = gvtgCapacity(facts);
          assert.ok(endowment);
          const budget = budgetOf(endowment, holdings);
          for (const { sizes, kernelAvailable = NaN } of facts.types) {
            assert.ok(sizes);
            assert.equal(room(budget, sizes), kernelAvailable);
            assert.equal(lacking(budget, sizes) === undefined, kernelAvailable > 0);
          }
        },
      ),
    );
  });

  it("shows what others over-committed as none, never as less", () => {
    const endowment = gvtgCapacity(new FakeGpu(pciAddress(), 256).facts());
    assert.ok(endowment);
    const sizes = { lowGmMib: 4096, highGmMib: 8192, fences: 64 };
    const { free } = budgetOf(endowment, [{ vgpuId: foreignVgpuId(1), gpu: pciAddress(), sizes }]);
    assert.deepEqual(free, { lowGmMib: 0, highGmMib: 0, fences: 0, instances: 6 });
  });

  it("says nothing about a GPU without an aperture", () => {
    const gpu = { ...new FakeGpu(pciAddress(), 256).facts(), apertureMib: undefined };
    assert.equal(gvtgCapacity(gpu), undefined);
    const decision = place(byType("8"), { gpus: [gpu], ...untouched });
    assert.ok(!decision.ok);
    assert.equal(decision.reason, "MODE_UNSUPPORTED");
  });

  it("names the resource that stands in the way", () => {
    const endowment = gvtgCapacity(new FakeGpu(pciAddress(), 1024).facts());
    assert.ok(endowment);
    const taken = (lowGmMib: number, highGmMib: number, fences: number): ReturnType<typeof lacking> =>
      lacking(
        budgetOf(endowment, [
          { vgpuId: ownVgpuId(1), gpu: pciAddress(), sizes: { lowGmMib, highGmMib, fences } },
        ]),
        { lowGmMib: 64, highGmMib: 384, fences: 4 },
      );
    assert.equal(taken(64, 384, 4), undefined);
    assert.equal(taken(896, 384, 4), "APERTURE_EXHAUSTED");
    assert.equal(taken(64, 2688, 4), "HIGH_GM_EXHAUSTED");
    assert.equal(taken(64, 384, 28), "FENCES_EXHAUSTED");
  });
});
