// Below which root the scheduler has this host, on disk: by that a host is known again that has another name now.
import { StateFile, type StateFileOptions } from "./state-file.ts";
import type { RootRecord } from "../schedulers/placement/tree.ts";

interface WrittenForm {
  readonly root: string;
}

export class SchedulerRecord implements RootRecord {
  readonly #file: StateFile<WrittenForm>;
  #uuid: string | undefined;

  private constructor(file: StateFile<WrittenForm>, uuid: string | undefined) {
    this.#file = file;
    this.#uuid = uuid;
  }

  /** One that cannot be read is as none: the root is then found by its name, and written down anew. */
  static async open(options: StateFileOptions): Promise<SchedulerRecord> {
    const file = new StateFile<WrittenForm>(
      { name: "scheduler.json", kind: "vgpud-scheduler", format: 1 },
      options,
    );
    const read = await file.read();
    return new SchedulerRecord(file, "why" in read ? undefined : read.form?.root);
  }

  get uuid(): string | undefined {
    return this.#uuid;
  }

  async write(uuid: string): Promise<void> {
    await this.#file.write({ root: uuid });
    this.#uuid = uuid;
  }
}
