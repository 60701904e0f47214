// One record that is as durable as the claims (law 1): it is changed whole, and what cannot be written is as it was.
import { AgentError, messageOf } from "../core/errors.ts";
import { KeyedLock } from "../core/keyed-lock.ts";

/** Keeps a record over a crash. */
export interface RecordStore<Value> {
  /** Resolves when the record would survive a power cut. After a rejection it has this record, or what it had before. */
  write(value: Value): Promise<void>;
}

export interface DurableRecordOptions<Value> {
  readonly store: RecordStore<Value>;
  /** What the store has. */
  readonly value: Value;
  /** What it tells, as the subject of a sentence. */
  readonly what: string;
}

export class DurableRecord<Value> {
  readonly #options: DurableRecordOptions<Value>;
  readonly #writes = new KeyedLock<"record">();
  #current: Value;
  /** The store may have another record than the current one, since it failed while it was told of one. */
  #inDoubt = false;

  constructor(options: DurableRecordOptions<Value>) {
    this.#options = options;
    this.#current = options.value;
  }

  /** As it would survive a power cut; another object whenever it has changed. */
  get current(): Value {
    return this.#current;
  }

  /** Whether `settle` is due: what was refused could come true at the next start. */
  get inDoubt(): boolean {
    return this.#inDoubt;
  }

  /** Tells the store anew how things stand, where it may have it otherwise. Rejects when it cannot be told. */
  async settle(): Promise<void> {
    await this.#writes.run("record", async () => {
      if (this.#inDoubt) await this.#write(this.#current);
    });
  }

  /**
   * `next` gives back what it was given where nothing changes. Resolves with whether something did, once it is durable.
   * Throws LEDGER_UNAVAILABLE when it cannot be written; all is then as it was, here and, once settled, on disk.
   */
  change(next: (before: Value) => Value): Promise<boolean> {
    return this.#writes.run("record", async () => {
      const before = this.#current;
      const after = next(before);
      const same = after === before;
      if (same && !this.#inDoubt) return false;
      try {
        await this.#write(after);
      } catch (error) {
        // At once, since a restart would find the refused record; a disk that takes nothing now is tried again later.
        await this.#write(before).catch(() => undefined);
        const message = `${this.#options.what} cannot be written down, so it is as before: ${messageOf(error)}`;
        throw new AgentError("LEDGER_UNAVAILABLE", message, { cause: error });
      }
      this.#current = after;
      return !same;
    });
  }

  /** A rename whose folder could not be synced may have reached the disk. */
  async #write(value: Value): Promise<void> {
    this.#inDoubt = true;
    await this.#options.store.write(value);
    this.#inDoubt = false;
  }
}
