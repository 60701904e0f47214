// GPUs that nova-compute publishes below the host's root: where vgpud does so, too, either gives the same room out.
import type { PciAddress } from "../../core/ids.ts";
import { PlacementError } from "../../placement/errors.ts";
import type { PlacementApi, Provider } from "../../placement/model.ts";
import type { Untold } from "../scheduler.ts";
import { Refusals, type Ask } from "./refusals.ts";

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
  /** By UUID. */
  readonly #refusals = new Refusals<string>();

  constructor(api: Pick<PlacementApi, "inventories">) {
    this.#api = api;
  }

  /** Of the last time, those that could not be asked. */
  get untold(): readonly Untold[] {
    return this.#refusals.all.map(({ message, ...each }) => ({
      ...each,
      message: `whether Nova gives that GPU out, too, cannot be read: ${message}`,
    }));
  }

  /**
   * Those of these that give something out. What one cannot be asked for alone is told as it was before, where that is known, and asked for
   * the next time. Throws a PlacementError.
   */
  async givingOut(all: readonly NovaGpu[], ask: Ask, signal: AbortSignal): Promise<readonly NovaGpu[]> {
    this.#refusals.clear();
    const seen = new Map<string, Seen>();
    for (const each of all) {
      const now = await this.#look(each, ask, signal);
      if (now) seen.set(each.provider.uuid, now);
    }
    this.#seen = seen;
    return all.filter(({ provider }) => seen.get(provider.uuid)?.givesOut);
  }

  async #look(
    { provider: { uuid, name, generation } }: NovaGpu,
    ask: Ask,
    signal: AbortSignal,
  ): Promise<Seen | undefined> {
    const before = this.#seen.get(uuid);
    if (before?.generation === generation) return before;
    const work = () => this.#read(uuid, signal);
    const now = await this.#refusals.attempt(uuid, { what: name, ask, work });
    return now === "gone" ? undefined : (now ?? before);
  }

  async #read(uuid: string, signal: AbortSignal): Promise<Seen | "gone"> {
    try {
      const { generation, value } = await this.#api.inventories(uuid, signal);
      const givesOut = Object.values(value).some(({ total, reserved }) => total > reserved);
      return { generation, givesOut };
    } catch (error) {
      // Nova has deleted it since the tree was read.
      if (error instanceof PlacementError && error.kind === "not-found") return "gone";
      throw error;
    }
  }
}
