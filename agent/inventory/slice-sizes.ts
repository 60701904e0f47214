// What a slice that the kernel has takes of its GPU. Pure.
import type { Gpu, KernelVgpu } from "./model.ts";
import type { SliceSizes } from "./share.ts";

/** Undefined where neither its maker tells nor the kernel describes its type. */
export function sizesOfSlice(
  { type, sizes }: Pick<KernelVgpu, "type" | "sizes">,
  gpu: Pick<Gpu, "types"> | undefined,
): SliceSizes | undefined {
  return sizes ?? gpu?.types.find(({ name }) => name === type)?.sizes;
}
