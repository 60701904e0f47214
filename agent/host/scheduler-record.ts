// Below which root the scheduler has this host, on disk: by that a host is known again that has another name now.
import { StateFile, type StateFileOptions } from "./state-file.ts";
import type { KnownRoot, RootRecord } from "../schedulers/placement/tree.ts";

export class SchedulerRecord implements RootRecord {
  readonly #file: StateFile<KnownRoot>;
  #current: KnownRoot | undefined;

  private constructor(file: StateFile<KnownRoot>, current: KnownRoot | undefined) {
    this.#file = file;
    this.#current = current;
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

  async write(known: KnownRoot): Promise<void> {
    await this.#file.write(known);
    this.#current = known;
  }
}
