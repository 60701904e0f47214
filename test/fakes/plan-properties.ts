// What has to hold of every plan.
import assert from "node:assert/strict";
import { planOf } from "../../agent/capacity/plan.ts";
import type { FakeGpu } from "./fake-kernel.ts";
import { ownVgpuId } from "./ids.ts";
import { asItIs, bothSides, loadsOf, type PlanCase } from "./plan-cases.ts";
import { mostThatFit, stands } from "./plan-oracle.ts";

/** Exact is exact, and what is planned can stand. */
export function agreesWithOracle(planCase: PlanCase): void {
  const { requests, stock, oracle } = bothSides(planCase);
  const plan = planOf(requests, stock, asItIs);
  const loads = loadsOf(plan, oracle.gpus.length);
  for (const [index, gpu] of oracle.gpus.entries())
    assert.ok(stands(gpu, loads[index] ?? []), "cannot stand");
  const best = mostThatFit(oracle.gpus, oracle.units);
  assert.ok(plan.exact, "so few are always searched to the end");
  assert.equal(plan.planned.length, best);
  const asked = requests.reduce((sum, { count }) => sum + count, 0);
  const left = plan.unplanned.reduce((sum, { count }) => sum + count, 0);
  assert.equal(plan.planned.length + left, asked);
  for (const { item, count, shortfalls } of plan.unplanned) {
    assert.ok(count > 0 && count <= (requests[item]?.count ?? 0));
    assert.ok(shortfalls.length > 0);
  }
}

/** The kernel, whose arithmetic is not ours, makes it all, in the order of the plan. */
export function canBeMade(planCase: PlanCase): void {
  const { requests, stock, kernels } = bothSides({
    ...planCase,
    gpus: planCase.gpus.map((gpu) => ({ ...gpu, countsLess: 0 })),
  });
  const plan = planOf(requests, stock, asItIs);
  const kernelOf = (gpu: string): FakeGpu => {
    const kernel = kernels.find(({ address }) => address === gpu);
    assert.ok(kernel, `the plan names ${gpu}, which is not there`);
    return kernel;
  };
  for (const [nth, { gpu, type }] of plan.planned.entries()) kernelOf(gpu).make(ownVgpuId(nth), type);
  for (const { item, shortfalls } of plan.unplanned) {
    const size = requests[item]?.wish.size;
    if (size?.by !== "type") continue;
    for (const kernel of shortfalls.map(({ gpu }) => kernelOf(gpu)))
      assert.throws(() => {
        kernel.make(ownVgpuId(10_000), size.type);
      }, `${size.type} on ${kernel.address}`);
  }
}
