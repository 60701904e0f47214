// What people took out of service for new vGPUs, the host or single GPUs, and why. As durable as the claims (law 1).
import { AgentError, messageOf } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import { KeyedLock } from "../core/keyed-lock.ts";
import type { Closed } from "../capacity/closed.ts";

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

/** Keeps the record over a crash. Implemented in host/drain-file.ts. */
export interface DrainStore {
  /** Resolves when the record would survive a power cut. After a rejection it has this record, or what it had before. */
  write(record: DrainRecord): Promise<void>;
}

export interface DrainOptions {
  readonly store: DrainStore;
  readonly record: DrainRecord;
  /** Milliseconds since the epoch. */
  readonly wall: () => number;
}

/** Hears of the host when no GPU is given, and of the end of a drain when none is. */
type DrainListener = (drain: Drain | undefined, gpu: PciAddress | undefined) => void;

/** Each change throws LEDGER_UNAVAILABLE when it cannot be written; all is then as it was, here and, once settled, on disk. */
export class Drains {
  readonly #options: DrainOptions;
  readonly #writes = new KeyedLock<"record">();
  readonly #onChange = new Set<DrainListener>();
  #current: DrainRecord;
  /** The store may have another record than the current one, since it failed while it was told of one. */
  #inDoubt = false;

  constructor(options: DrainOptions) {
    this.#options = options;
    this.#current = options.record;
  }

  /** Another object whenever it has changed. */
  get current(): DrainRecord {
    return this.#current;
  }

  /** Whether `settle` is due: what was refused could come true at the next start. */
  get inDoubt(): boolean {
    return this.#inDoubt;
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
  async settle(): Promise<void> {
    await this.#writes.run("record", async () => {
      if (this.#inDoubt) await this.#write(this.#current);
    });
  }

  /** Said again, it is drained since it was first, and the last note counts: who says none has nothing against the one there is. */
  #drained(before: Drain | undefined, note: string): Drain {
    if (before === undefined) return { note, since: this.#options.wall() };
    return note === "" || note === before.note ? before : { note, since: before.since };
  }

  #change(gpu: PciAddress | undefined, drainOf: (record: DrainRecord) => Drain | undefined): Promise<void> {
    return this.#writes.run("record", async () => {
      const before = this.#current;
      const drain = drainOf(before);
      const same = drain === (gpu === undefined ? before.host : before.gpus.get(gpu));
      if (same && !this.#inDoubt) return;
      const after =
        gpu === undefined
          ? { ...before, host: drain }
          : { ...before, gpus: changed(before.gpus, gpu, drain) };
      try {
        await this.#write(after);
      } catch (error) {
        // At once, since a restart would find the refused record; a disk that takes nothing now is tried again later.
        await this.#write(before).catch(() => undefined);
        const message = `what is drained cannot be written down, so it is as before: ${messageOf(error)}`;
        throw new AgentError("LEDGER_UNAVAILABLE", message, { cause: error });
      }
      if (same) return;
      this.#current = after;
      for (const listener of this.#onChange) listener(drain, gpu);
    });
  }

  /** A rename whose folder could not be synced may have reached the disk. */
  async #write(record: DrainRecord): Promise<void> {
    this.#inDoubt = true;
    await this.#options.store.write(record);
    this.#inDoubt = false;
  }
}

function changed(gpus: DrainRecord["gpus"], gpu: PciAddress, drain: Drain | undefined): DrainRecord["gpus"] {
  const others = [...gpus].filter(([address]) => address !== gpu);
  return new Map(drain ? [...others, [gpu, drain]] : others);
}
