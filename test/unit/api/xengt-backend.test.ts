// That slices are XenGT's is said alike of all that has to do with them, also while its driver is away.
import assert from "node:assert/strict";
import { Backend } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { toWireGpu, toWireSizes } from "../../../agent/api/convert/gpu.ts";
import { toWireDecision } from "../../../agent/api/convert/placement.ts";
import { toWireReservation } from "../../../agent/api/convert/reservation.ts";
import { toWireVgpu } from "../../../agent/api/convert/vgpu.ts";
import { place, refusedWhere } from "../../../agent/capacity/place.ts";
import type { Inventory } from "../../../agent/inventory/model.ts";
import { Ledger } from "../../../agent/lifecycle/ledger.ts";
import { gpuViews, vgpuViews } from "../../../agent/lifecycle/views.ts";
import { slicesOf } from "../../../agent/observation/status-page/gpu-bars.ts";
import { vgpuClaim } from "../../fakes/claims.ts";
import { FakeHost } from "../../fakes/fake-host.ts";
import { FakeGpu, typeName } from "../../fakes/fake-kernel.ts";
import { foreignVgpuId, pciAddress } from "../../fakes/ids.ts";
import { MemoryStore } from "../../fakes/memory-store.ts";
import { plainTerms, untouched } from "../../fakes/stock.ts";

async function seen(hypervisor: "kvm" | "xen"): Promise<Inventory> {
  const host = new FakeHost({ gpus: [new FakeGpu(pciAddress(), 512)], wall: () => 0 });
  const { host: facts, ...inventory } = await host.look();
  return { ...inventory, host: { ...facts, hypervisor }, revision: 1 };
}

for (const [hypervisor, backend] of [
  ["xen", Backend.XENGT],
  ["kvm", Backend.KVMGT],
] as const)
  describe(`what is made of slices on a host with ${hypervisor}`, () => {
    const promised = vgpuClaim(1);

    it("is of the same backend for GPU, vGPU and reservation", async () => {
      const inventory = await seen(hypervisor);
      const ledger = new Ledger(new MemoryStore(), [promised]);
      const [gpu] = gpuViews(inventory, ledger, plainTerms);
      const [vgpu] = vgpuViews(inventory, ledger, plainTerms.modes);
      assert.ok(gpu && vgpu);
      assert.deepEqual(
        [
          toWireGpu(gpu, { modes: [], conditions: [] }).backend,
          toWireVgpu(vgpu, { inventory, stalledBy: undefined }).backend,
          toWireReservation(promised, inventory).backend,
        ],
        [backend, backend, backend],
      );
    });

    it("is of that for each candidate of a decision, and of a refusal", async () => {
      const inventory = await seen(hypervisor);
      const wish = { size: { by: "type", type: typeName("4") }, gpu: undefined, policy: "pack" } as const;
      const stock = { ...untouched, gpus: inventory.gpus.values(), xengt: hypervisor === "xen" };
      const decision = toWireDecision(place(wish, stock));
      const [gpu] = inventory.gpus.values();
      assert.ok(gpu);
      const silent = { ...gpu, types: gpu.types.map((type) => ({ ...type, kernelAvailable: undefined })) };
      const uncounted = { ...inventory, gpus: new Map([[gpu.address, silent]]) };
      const refusal = refusedWhere(promised, uncounted);
      assert.ok(refusal);
      const backends = [decision, toWireDecision(refusal)].flatMap(({ candidates }) =>
        candidates.map((candidate) => candidate.backend),
      );
      assert.deepEqual([decision.backend, ...backends], [backend, backend, backend]);
    });
  });

describe("a slice that others made of sizes that are of no type", () => {
  it("is told with its sizes, to callers and on the status page", async () => {
    const inventory = await seen("xen");
    const sizes = { lowGmMib: 100, highGmMib: 300, fences: 6 };
    const id = foreignVgpuId(7);
    const slice = {
      ...{ id, gpu: pciAddress(), type: "", sizes, domid: 7 },
      isLeaving: false,
      iommuGroup: undefined,
    };
    const shown = { ...inventory, vgpus: new Map([[id, slice]]) };
    const ledger = new Ledger(new MemoryStore(), []);
    const [view] = vgpuViews(shown, ledger, plainTerms.modes);
    const [gpu] = gpuViews(shown, ledger, plainTerms);
    assert.ok(view && gpu);
    assert.deepEqual(toWireVgpu(view, { inventory: shown, stalledBy: undefined }).sizes, toWireSizes(sizes));
    assert.deepEqual(slicesOf(gpu, [view], () => undefined)[0]?.sizes, sizes);
    assert.equal(gpu.budget?.used.highGmMib, sizes.highGmMib);
  });
});
