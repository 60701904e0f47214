// GPUs that the configuration names and the host does not have: a mistake, or one that is not there yet.
import type { Log } from "../host/journal.ts";

/** Takes each look at the host, and warns when other GPUs are missing than at the one before. */
export function unknownGpusLog(
  log: Pick<Log, "warn">,
  seatsByGpu: ReadonlyMap<string, number>,
): (inventory: { readonly gpus: ReadonlyMap<string, unknown> }) => void {
  let told = "";
  return ({ gpus }) => {
    const present = new Set<string>(gpus.keys());
    const missing = [...seatsByGpu.keys()].filter((address) => !present.has(address));
    const now = missing.join(", ");
    if (now !== told && missing.length > 0)
      log.warn(
        { gpus: missing },
        "limits.render_seats_by_gpu names GPUs that this host does not have; vgpuctl gpus lists those that it has",
      );
    told = now;
  };
}
