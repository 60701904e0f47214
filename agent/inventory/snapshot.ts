// The current view of the host, one object that readers share. A new look that shows the same keeps the revision.
import { isDeepStrictEqual } from "node:util";
import type { PciAddress } from "../core/ids.ts";
import type { GpuMemory } from "./memory.ts";
import type { Inventory } from "./model.ts";

/** The GPUs of a look with what the view before tells of them. Pure. */
export type Remember = (
  before: Inventory | undefined,
  observation: Omit<Inventory, "revision">,
) => Inventory["gpus"];

export class Snapshot {
  readonly #remember: Remember;
  #current: Inventory | undefined;

  constructor(remember: Remember = (_before, { gpus }) => gpus) {
    this.#remember = remember;
  }

  /** Undefined until the first complete look. */
  get current(): Inventory | undefined {
    return this.#current;
  }

  /** Takes a look in and returns the view that stands now. */
  update(observation: Omit<Inventory, "revision">): Inventory {
    const before = this.#current;
    // One that could not be read is still that of the last boot that was known, until another is read.
    const bootId = observation.host.bootId || (before?.host.bootId ?? "");
    const looked = { ...observation, host: { ...observation.host, bootId } };
    const seen = { ...looked, gpus: this.#remember(before, looked) };
    const same = before !== undefined && isDeepStrictEqual(facts(before), facts(seen));
    const revision = same ? before.revision : (before?.revision ?? 0) + 1;
    this.#current = { ...seen, revision };
    return this.#current;
  }

  /** Something was learned of a GPU between two looks; nothing happens when it is not there (any more). */
  learn(address: PciAddress, learned: Partial<GpuMemory>): void {
    const before = this.#current;
    const gpu = before?.gpus.get(address);
    if (!before || !gpu?.memory) return;
    const gpus = new Map([...before.gpus, [address, { ...gpu, memory: { ...gpu.memory, ...learned } }]]);
    this.#current = { ...before, gpus, revision: before.revision + 1 };
  }
}

function facts({ host, gpus, vgpus, domains, unread }: Omit<Inventory, "revision">): unknown {
  return { host, gpus, vgpus, domains, unread };
}
