// What takes room on the GPUs: every promise in the ledger and every slice in the kernel, each counted once.
import type { Holding } from "../capacity/budget.ts";
import type { Inventory, SliceSizes } from "../inventory/model.ts";
import type { Ledger } from "./ledger.ts";

export function holdingsOf(ledger: Ledger, inventory: Inventory): Holding[] {
  const promised = ledger.holdings();
  const counted = new Set(promised.map(({ vgpuId }) => vgpuId));
  const others = [...inventory.vgpus.values()].filter(({ id }) => !counted.has(id));
  const made = others.map(({ id, gpu, type }) => ({ vgpuId: id, gpu, sizes: sizesOf(inventory, gpu, type) }));
  return [...promised, ...made];
}

/** A type the kernel does not describe takes an unknown amount: at least an instance, which is what can be counted. */
function sizesOf({ gpus }: Inventory, gpu: Holding["gpu"], type: string): SliceSizes {
  const known = gpus.get(gpu)?.types.find(({ name }) => name === type)?.sizes;
  return known ?? { lowGmMib: 0, highGmMib: 0, fences: 0 };
}
