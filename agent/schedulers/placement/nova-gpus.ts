// GPUs that nova-compute publishes below the host's root: where vgpud does so, too, either gives the same room out.
import type { PciAddress } from "../../core/ids.ts";
import type { PlacementApi, Provider } from "../../placement/model.ts";
import { Refusals } from "./refusals.ts";

/** A provider of Nova's that is called as one of a GPU is. */
export interface NovaGpu {
  readonly gpu: PciAddress;
  readonly provider: Provider;
}

interface Seen {
  readonly generation: number;
  /** Of some class more than is reserved. */
  readonly givesOut: boolean;
}

/** What they have to give out: asked once of each, and again when its generation has counted up. */
export class NovaGpus {
  readonly #api: Pick<PlacementApi, "inventories">;
  /** By UUID. */
  #seen: ReadonlyMap<string, Seen> = new Map();

  constructor(api: Pick<PlacementApi, "inventories">) {
    this.#api = api;
  }

  /**
   * Those of these that give something out. What one cannot be asked for alone is told as it was before, and asked for the next time.
   * `ask` as in Refusals; throws a PlacementError.
   */
  async givingOut(
    all: readonly NovaGpu[],
    ask: () => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<readonly NovaGpu[]> {
    const seen = new Map<string, Seen>();
    for (const each of all) {
      const now = await this.#look(each, ask, signal);
      if (now) seen.set(each.provider.uuid, now);
    }
    this.#seen = seen;
    return all.filter(({ provider }) => seen.get(provider.uuid)?.givesOut);
  }

  async #look(
    { gpu, provider: { uuid, name, generation } }: NovaGpu,
    ask: () => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<Seen | undefined> {
    const before = this.#seen.get(uuid);
    if (before?.generation === generation) return before;
    const work = () => this.#api.inventories(uuid, signal);
    const read = await new Refusals().attempt(gpu, { what: name, ask, work });
    if (!read) return before;
    const givesOut = Object.values(read.value).some(({ total, reserved }) => total > reserved);
    return { generation: read.generation, givesOut };
  }
}
