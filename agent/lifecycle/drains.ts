// What people took out of service for new vGPUs, the host or single GPUs, and why. As durable as the claims (law 1).
import type { PciAddress } from "../core/ids.ts";
import type { Closed } from "../capacity/closed.ts";
import { DurableRecord, type RecordStore } from "./durable-record.ts";

export interface Drain {
  /** In the words of whoever did it; may be empty. */
  readonly note: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

export interface DrainRecord {
  /** Undefined: in service. */
  readonly host: Drain | undefined;
  /** Also GPUs that are not there now: they are drained still when they come back. */
  readonly gpus: ReadonlyMap<PciAddress, Drain>;
}

export const nothingDrained: DrainRecord = { host: undefined, gpus: new Map() };

/** Why a GPU takes no new vGPUs; undefined when it does. */
export function drainedOn({ host, gpus }: DrainRecord, gpu: PciAddress): Closed | undefined {
  if (host) return { reason: "HOST_DRAINED", why: `the host is drained${noted(host)}` };
  const drain = gpus.get(gpu);
  return drain && { reason: "GPU_DRAINED", why: `is drained${noted(drain)}` };
}

function noted({ note }: Drain): string {
  return note === "" ? "" : `: ${note}`;
}

export interface DrainOptions {
  /** Implemented in host/drain-file.ts. */
  readonly store: RecordStore<DrainRecord>;
  readonly record: DrainRecord;
  /** Milliseconds since the epoch. */
  readonly wall: () => number;
}

/** Hears of the host when no GPU is given, and of the end of a drain when none is. */
type DrainListener = (drain: Drain | undefined, gpu: PciAddress | undefined) => void;

/** Each change throws LEDGER_UNAVAILABLE when it cannot be written. */
export class Drains {
  readonly #wall: () => number;
  readonly #record: DurableRecord<DrainRecord>;
  readonly #onChange = new Set<DrainListener>();

  constructor({ store, record, wall }: DrainOptions) {
    this.#wall = wall;
    this.#record = new DurableRecord({ store, value: record, what: "what is drained" });
  }

  /** Another object whenever it has changed. */
  get current(): DrainRecord {
    return this.#record.current;
  }

  /** Whether `settle` is due: what was refused could come true at the next start. */
  get inDoubt(): boolean {
    return this.#record.inDoubt;
  }

  /** Tells of every change, once it is durable. */
  onChange(listener: DrainListener): void {
    this.#onChange.add(listener);
  }

  async drainHost(note: string): Promise<void> {
    await this.#change(undefined, ({ host }) => this.#drained(host, note));
  }

  async undrainHost(): Promise<void> {
    await this.#change(undefined, () => undefined);
  }

  async drainGpu(gpu: PciAddress, note: string): Promise<void> {
    await this.#change(gpu, ({ gpus }) => this.#drained(gpus.get(gpu), note));
  }

  async undrainGpu(gpu: PciAddress): Promise<void> {
    await this.#change(gpu, () => undefined);
  }

  /** Tells the store anew how things stand, where it may have it otherwise. Rejects when it cannot be told. */
  settle(): Promise<void> {
    return this.#record.settle();
  }

  /** Said again, it is drained since it was first, and the last note counts: who says none has nothing against the one there is. */
  #drained(before: Drain | undefined, note: string): Drain {
    if (before === undefined) return { note, since: this.#wall() };
    return note === "" || note === before.note ? before : { note, since: before.since };
  }

  async #change(
    gpu: PciAddress | undefined,
    drainOf: (record: DrainRecord) => Drain | undefined,
  ): Promise<void> {
    let drain: Drain | undefined;
    const hasChanged = await this.#record.change((before) => {
      drain = drainOf(before);
      if (drain === (gpu === undefined ? before.host : before.gpus.get(gpu))) return before;
      return gpu === undefined
        ? { ...before, host: drain }
        : { ...before, gpus: withEntry(before.gpus, gpu, drain) };
    });
    if (hasChanged) for (const listener of this.#onChange) listener(drain, gpu);
  }
}

function withEntry(
  gpus: DrainRecord["gpus"],
  gpu: PciAddress,
  drain: Drain | undefined,
): DrainRecord["gpus"] {
  const others = [...gpus].filter(([address]) => address !== gpu);
  return new Map(drain ? [...others, [gpu, drain]] : others);
}
