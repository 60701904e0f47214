// How busy XenGT's slices were, as hostd reads it below /sys/kernel/vgt.
import type { SliceUseSource } from "../observation/slice-use-sampler.ts";
import type { HostdClient } from "./hostd-client.ts";
import { lookFailed } from "./hostd-looks.ts";

/** The kernel answers in milliseconds; a process may wait to be started on a busy host. */
const PATIENCE_MS = 5_000;

export class SliceUse implements SliceUseSource {
  readonly #hostd: Pick<HostdClient, "vgtUtilization">;

  constructor(hostd: Pick<HostdClient, "vgtUtilization">) {
    this.#hostd = hostd;
  }

  async shares(signal: AbortSignal): Promise<ReadonlyMap<number, number>> {
    const result = await this.#hostd.vgtUtilization({ signal, deadlineMs: PATIENCE_MS });
    if (result.kind !== "vgt-utilization") throw lookFailed("read how busy slices of XenGT were", result);
    return new Map(result.slices.map(({ domid, percent }) => [domid, percent / 100]));
  }
}
