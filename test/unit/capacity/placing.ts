// Hosts of fake GPUs, and what is decided on them.
import type { Holding } from "../../../agent/capacity/budget.ts";
import { place, type Decision } from "../../../agent/capacity/place.ts";
import type { Stock } from "../../../agent/capacity/stock.ts";
import type { Wish } from "../../../agent/capacity/wish.ts";
import { FakeGpu, typeName, type TypeSuffix } from "../../fakes/fake-kernel.ts";
import { pciAddress } from "../../fakes/ids.ts";
import { inService, untouched } from "../../fakes/stock.ts";

export const suffixes = ["8", "4", "2", "1"] as const satisfies readonly TypeSuffix[];
export const apertures = [128, 256, 512, 1024, 2048, 4096] as const;

export function gpusOf(sizes: readonly number[]): FakeGpu[] {
  return sizes.map((aperture, n) => new FakeGpu(pciAddress(n), aperture));
}

interface Given {
  readonly promised?: readonly Holding[];
  readonly refused?: readonly boolean[];
  readonly closed?: Stock["closed"];
  readonly uncounted?: readonly string[];
}

/**
 * `refused`: by GPU, whether the kernel has lately refused the smallest type there. `uncounted`: the types of the first GPU of
 * which it is not known how many the kernel would make.
 */
export function decide(
  gpus: readonly FakeGpu[],
  wish: Wish,
  { promised = [], refused = [], closed = inService, uncounted = [] }: Given = {},
): Decision {
  const refusal = { sizes: { lowGmMib: 64, highGmMib: 384 }, at: 0 };
  const memory = { ggttMib: 4096, layouts: undefined, countsAgree: true, refusal };
  const facts = gpus.map((gpu, n) => {
    const shown = gpu.facts();
    const types = shown.types.map((type) =>
      n === 0 && uncounted.includes(type.name) ? { ...type, kernelAvailable: undefined } : type,
    );
    return { ...shown, types, ...(refused[n] === true ? { memory } : {}) };
  });
  const made = facts.flatMap((gpu) => {
    const slices = gpus.find(({ address }) => address === gpu.address)?.slices() ?? [];
    return slices.flatMap(({ id, type }) => {
      const sizes = gpu.types.find(({ name }) => name === type)?.sizes;
      return sizes ? [{ vgpuId: id, gpu: gpu.address, sizes }] : [];
    });
  });
  return place(wish, {
    ...{ ...untouched, gpus: facts, closed },
    holdings: [...made, ...promised],
    made: new Set(made.map(({ vgpuId }) => vgpuId)),
  });
}

export function byType(suffix: TypeSuffix, given: Partial<Wish> = {}): Wish {
  return { size: { by: "type", type: typeName(suffix) }, gpu: undefined, policy: "pack", ...given };
}
