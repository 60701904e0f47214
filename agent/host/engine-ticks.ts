// What xe counts of engines for virtual functions, as hostd has perf read it.
import type { PciAddress } from "../core/ids.ts";
import type { Uncounted } from "../diagnosis/engine-counting.ts";
import type { EngineTicksSource, FunctionTicks } from "../observation/engine-use.ts";
import type { HostdClient } from "./hostd-client.ts";
import { lookFailed } from "./hostd-looks.ts";

/** perf is started for the first asking, and for those after it answers from memory. */
const PATIENCE_MS = 5_000;

export class HostdEngineTicks implements EngineTicksSource {
  readonly #hostd: Pick<HostdClient, "engineTicks">;

  constructor(hostd: Pick<HostdClient, "engineTicks">) {
    this.#hostd = hostd;
  }

  async ticks(
    gpu: PciAddress,
    signal: AbortSignal,
  ): Promise<readonly FunctionTicks[] | Uncounted | undefined> {
    const result = await this.#hostd.engineTicks(gpu, { signal, deadlineMs: PATIENCE_MS });
    if (result.kind === "absent") return undefined;
    if (result.kind === "uncounted") return { because: result.because, said: result.said };
    const what = `read what virtual functions use of GPU ${gpu}`;
    if (result.kind !== "engine-ticks") throw lookFailed(what, result);
    if (result.left > 0)
      throw new Error(`cannot ${what}: ${result.left} functions more than hostd can tell of`);
    return result.ticks;
  }
}
