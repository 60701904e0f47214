// Below which root the scheduler has this host, on disk: by that a host is known again that has another name now.
import { messageOf } from "../core/errors.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { KnownRoot, RootRecord, Unwritten } from "../schedulers/placement/root-record.ts";
import { StateFile, type StateFileOptions } from "./state-file.ts";

/** How long a disk is waited for; what it has not taken by then it may take later. */
const PATIENCE_MS = 5_000;

export class SchedulerRecord implements RootRecord {
  readonly #file: StateFile<KnownRoot>;
  #current: KnownRoot | undefined;
  #written: KnownRoot | undefined;
  /** One at a time, which may hang. */
  #writing: Promise<void> | undefined;
  #isLate = false;

  private constructor(file: StateFile<KnownRoot>, current: KnownRoot | undefined) {
    this.#file = file;
    this.#current = current;
    this.#written = current;
  }

  /** One that cannot be read is as none: the root is then found by its name, and written down anew. */
  static async open(options: StateFileOptions): Promise<SchedulerRecord> {
    const file = new StateFile<KnownRoot>(
      { name: "scheduler.json", kind: "vgpud-scheduler", format: 1 },
      options,
    );
    const read = await file.read();
    return new SchedulerRecord(file, "why" in read ? undefined : read.form);
  }

  get current(): KnownRoot | undefined {
    return this.#current;
  }

  note(known: KnownRoot): void {
    this.#current = known;
  }

  async settle(): Promise<Unwritten | undefined> {
    const late = { file: this.#file.path, why: `has not been written within ${PATIENCE_MS / 1000} s` };
    // Who has waited in vain once waits no more: the disk goes on by itself.
    if (this.#isLate) return late;
    const timeout = AbortSignal.timeout(PATIENCE_MS);
    try {
      while (this.#current && this.#written !== this.#current)
        await untilAborted((this.#writing ??= this.#write(this.#current)), timeout);
      return undefined;
    } catch (error) {
      this.#isLate = timeout.aborted && this.#writing !== undefined;
      return this.#isLate ? late : { file: this.#file.path, why: `cannot be written: ${messageOf(error)}` };
    }
  }

  async #write(known: KnownRoot): Promise<void> {
    try {
      await this.#file.write(known);
      this.#written = known;
    } finally {
      this.#writing = undefined;
      this.#isLate = false;
    }
  }
}
