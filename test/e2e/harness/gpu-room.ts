// What the GPU of the simulated host without a description has room for, by the kernel's own numbers and not by the agent's.
import { type } from "./requests.ts";

/** Low and high graphics memory in MiB, fences, and itself of each type (i915 gvt/vgpu.c). */
const sizes: Readonly<Record<string, readonly number[]>> = {
  [type(8)]: [64, 384, 4, 1],
  [type(4)]: [128, 512, 4, 1],
  [type(2)]: [256, 1024, 4, 1],
  [type(1)]: [512, 2048, 4, 1],
};
/** An aperture of 1024 MiB, a GGTT of 4 GiB and 32 fences less what the host keeps, and seven vGPUs. */
const room = [1024 - 128, 4096 - 1024 - 384, 32 - 4, 7] as const;

/** What vGPUs of these types take together, where that is more than there is. */
export function beyondRoom(types: readonly string[]): string | undefined {
  const sums = room.map((_, index) => types.reduce((sum, name) => sum + (sizes[name]?.[index] ?? NaN), 0));
  return sums.every((sum, index) => sum <= (room[index] ?? 0)) ? undefined : sums.join(", ");
}
