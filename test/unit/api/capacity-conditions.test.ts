// What is wrong with the room on a GPU, as the contract tells it.
import assert from "node:assert/strict";
import { capacityConditions } from "../../../agent/api/convert/capacity-conditions.ts";
import { gvtgCapacity } from "../../../agent/backends/kvmgt/capacity-rule.ts";
import { rememberGvtg } from "../../../agent/backends/kvmgt/memory.ts";
import type { Gpu } from "../../../agent/inventory/model.ts";
import { Snapshot } from "../../../agent/inventory/snapshot.ts";
import { Ledger } from "../../../agent/lifecycle/ledger.ts";
import { gpuViews, type GpuView } from "../../../agent/lifecycle/views.ts";
import { FakeHost } from "../../fakes/fake-host.ts";
import { FakeGpu, typeName } from "../../fakes/fake-kernel.ts";
import { pciAddress } from "../../fakes/ids.ts";
import { MemoryStore } from "../../fakes/memory-store.ts";

/** A GPU without slices, of which the kernel shows these counts, smallest type first. */
async function viewOf(apertureMib: number, counts: readonly number[], refuses = false): Promise<GpuView> {
  const host = new FakeHost({ gpus: [new FakeGpu(pciAddress(), apertureMib)], wall: () => 0 });
  const seen = await host.look();
  const showing = (gpu: Gpu): Gpu => ({
    ...gpu,
    types: gpu.types.map((type, at) => ({ ...type, kernelAvailable: counts[at] ?? type.kernelAvailable })),
  });
  const snapshot = new Snapshot(rememberGvtg);
  snapshot.update({ ...seen, gpus: new Map([...seen.gpus].map(([at, gpu]) => [at, showing(gpu)])) });
  const refusal = { sizes: { lowGmMib: 256, highGmMib: 1024 }, at: 0 };
  if (refuses) snapshot.learn(pciAddress(), { refusal });
  assert.ok(snapshot.current);
  const [view] = gpuViews(snapshot.current, new Ledger(new MemoryStore(), []), gvtgCapacity);
  assert.ok(view);
  return view;
}

describe("the conditions of the room on a GPU", () => {
  it("are none where kernel and vgpud agree and nothing was refused", async () => {
    assert.deepEqual(capacityConditions(await viewOf(1024, [])), []);
  });

  it("tell both numbers of every type of which the kernel counts otherwise, in one condition", async () => {
    const [condition, ...others] = capacityConditions(await viewOf(1024, [7, 9, 2, 3]));
    assert.ok(condition);
    assert.deepEqual([condition.reason, others.length], ["CAPACITY_DISAGREES", 0]);
    assert.match(
      condition.message,
      /of i915-GVTg_V5_4 the kernel 9, vgpud 5; of i915-GVTg_V5_1 the kernel 3/,
    );
    assert.deepEqual(
      condition.evidence.map(({ path, value }) => [path.split("/").at(-2) ?? path, value]),
      [
        [typeName("4"), "9"],
        [`vgpud: ${typeName("4")}`, "5"],
        [typeName("1"), "3"],
        [`vgpud: ${typeName("1")}`, "1"],
      ],
    );
  });

  it("tell a count that wraps around, as of an aperture of 4 GiB, from one that is wrong", async () => {
    const [condition] = capacityConditions(await viewOf(4096, [7, 7, 3, 1]));
    assert.match(condition?.message ?? "", /wraps around/);
    assert.match(condition?.remedy ?? "", /aperture in the firmware to between 256 MiB and 1 GiB/);
    const [first] = capacityConditions(await viewOf(4096, [9, 7, 3, 1]));
    assert.match(first?.message ?? "", /the kernel 9, vgpud 0.*wraps around/);
  });

  it("say nothing of an address space that the firmware made smaller: the budget is of its size", async () => {
    const view = await viewOf(1024, [1, 1, 0, 0]);
    assert.deepEqual(capacityConditions(view), []);
    assert.equal(view.budget?.free.highGmMib, 640);
  });

  it("name the types that fit in sum and were refused", async () => {
    const view = await viewOf(1024, [], true);
    const [condition] = capacityConditions(view);
    assert.equal(condition?.reason, "GM_FRAGMENTED");
    assert.match(condition.message, /2 of i915-GVTg_V5_2 or 1 of i915-GVTg_V5_1 .* refused i915-GVTg_V5_2/);
    assert.deepEqual(
      view.types.map(({ allocatable }) => allocatable),
      [7, 5, 0, 0],
    );
    assert.equal(view.largestFree, undefined);
  });
});
