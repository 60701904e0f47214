// What has to be known of the scheduler after a restart, on disk.
import { messageOf } from "../core/errors.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { KeptRecord, Unwritten } from "../schedulers/kept-record.ts";
import type { KnownRoot } from "../schedulers/placement/root-record.ts";
import type { KnownCounts } from "../schedulers/slurm/found-counts.ts";
import { StateFile, type StateFileKind, type StateFileOptions } from "./state-file.ts";

/** How long a disk is waited for; what it has not taken by then it may take later. */
const PATIENCE_MS = 5_000;

export class SchedulerRecord<Form> implements KeptRecord<Form> {
  readonly #file: StateFile<Form>;
  #current: Form | undefined;
  #written: Form | undefined;
  /** One at a time, which may hang. */
  #writing: Promise<void> | undefined;
  #isLate = false;

  private constructor(file: StateFile<Form>, current: Form | undefined) {
    this.#file = file;
    this.#current = current;
    this.#written = current;
  }

  /** Below which root Placement has this host: by that one is known again that has another name now. Where it cannot be read the root is found by its name. */
  static async openRoot(options: StateFileOptions): Promise<SchedulerRecord<KnownRoot>> {
    return await SchedulerRecord.#open(
      { name: "scheduler.json", kind: "vgpud-scheduler", format: 1 },
      options,
    );
  }

  /** What Slurm counted of this host's node. */
  static async openCounts(options: StateFileOptions): Promise<SchedulerRecord<KnownCounts>> {
    return await SchedulerRecord.#open({ name: "slurm.json", kind: "vgpud-slurm", format: 1 }, options);
  }

  /** One that cannot be read is as none, and is written anew. */
  static async #open<Form>(kind: StateFileKind, options: StateFileOptions): Promise<SchedulerRecord<Form>> {
    const file = new StateFile<Form>(kind, options);
    const read = await file.read();
    return new SchedulerRecord(file, "why" in read ? undefined : read.form);
  }

  get current(): Form | undefined {
    return this.#current;
  }

  note(known: Form): void {
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

  async #write(known: Form): Promise<void> {
    try {
      await this.#file.write(known);
      this.#written = known;
    } finally {
      this.#writing = undefined;
      this.#isLate = false;
    }
  }
}
