// Where a vGPU goes when the room of a GPU is perhaps in no one piece.
import assert from "node:assert/strict";
import { place, type Decision } from "../../../agent/capacity/place.ts";
import type { GpuMemory } from "../../../agent/inventory/memory.ts";
import { FakeGpu, typeName, type TypeSuffix } from "../../fakes/fake-kernel.ts";
import { pciAddress } from "../../fakes/ids.ts";
import { untouched } from "../../fakes/stock.ts";

const refused: GpuMemory = {
  ggttMib: 4096,
  layouts: undefined,
  countsAgree: true,
  refusal: { sizes: { lowGmMib: 128, highGmMib: 512 }, at: 0 },
};

/** One GPU for each, with 1024 MiB of aperture. */
function decide(suffix: TypeSuffix, ...memories: readonly (GpuMemory | undefined)[]): Decision {
  const gpus = memories.map((memory, n) => {
    const facts = new FakeGpu(pciAddress(n), 1024).facts();
    return memory ? { ...facts, memory } : facts;
  });
  const size = { by: "type", type: typeName(suffix) } as const;
  return place({ size, gpu: undefined, policy: "pack" }, { ...untouched, gpus });
}

describe("a GPU that has lately refused a size for want of one piece", () => {
  it("is passed over for one without doubt, for that size and larger ones", () => {
    for (const suffix of ["4", "2", "1"] as const) {
      const decision = decide(suffix, refused, undefined);
      assert.ok(decision.ok);
      assert.equal(decision.gpu, pciAddress(1), suffix);
      assert.deepEqual(decision.warnings, []);
      assert.match(decision.candidates[0]?.why ?? "", /in sum and perhaps in no one piece/);
    }
  });

  it("is taken as ever for a smaller size", () => {
    const decision = decide("8", refused, undefined);
    assert.ok(decision.ok);
    assert.equal(decision.gpu, pciAddress(0));
  });

  it("is not said to have no room when it is the near one of policy numa", () => {
    const [first, second] = [0, 1].map((n) => ({ ...new FakeGpu(pciAddress(n), 1024).facts(), numaNode: n }));
    assert.ok(first && second);
    const size = { by: "type", type: typeName("4") } as const;
    const wish = { size, gpu: undefined, policy: "numa", near: [0] } as const;
    const gpus = [{ ...first, memory: refused }, second];
    const decision = place(wish, { ...untouched, gpus });
    assert.ok(decision.ok);
    assert.deepEqual(decision.warnings, [`GPU ${pciAddress(1)} is on NUMA node 1, not on 0`]);
  });

  it("is tried when no other has room, with a warning: the kernel decides", () => {
    const decision = decide("4", refused);
    assert.ok(decision.ok);
    assert.equal(decision.gpu, pciAddress(0));
    assert.match(decision.warnings.join(), /0000:00:02\.0 has room in sum .* the kernel may refuse/);
  });
});
