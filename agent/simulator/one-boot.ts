// What waits on the simulated host is gone when that boots.
import type { SimulatedKernel } from "./kernel.ts";

/** Resolves with the wait: whether whoever waited still runs, since the host has not booted meanwhile. */
export async function outlives(kernel: SimulatedKernel, wait: Promise<void>): Promise<boolean> {
  const { bootId } = kernel;
  await wait;
  return kernel.bootId === bootId;
}
