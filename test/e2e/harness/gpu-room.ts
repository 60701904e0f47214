// What a GPU has room for, as that of the simulated host without a description, by the kernel's own numbers and not by the agent's.
import { type } from "./requests.ts";

/** Low and high graphics memory in MiB, fences, and itself of each type (i915 gvt/vgpu.c). */
const sizes: Readonly<Record<string, readonly number[]>> = {
  [type(8)]: [64, 384, 4, 1],
  [type(4)]: [128, 512, 4, 1],
  [type(2)]: [256, 1024, 4, 1],
  [type(1)]: [512, 2048, 4, 1],
};

/** What vGPUs of these types take together, where that is more than a GPU with a GGTT of 4 GiB has. */
export function beyondRoom(types: readonly string[], apertureMib = 1024): string | undefined {
  // Less what the host keeps; 32 fences, and seven vGPUs.
  const room = [apertureMib - 128, 4096 - apertureMib - 384, 32 - 4, 7] as const;
  const sums = room.map((_, index) => types.reduce((sum, name) => sum + (sizes[name]?.[index] ?? NaN), 0));
  return sums.every((sum, index) => sum <= (room[index] ?? 0)) ? undefined : sums.join(", ");
}
