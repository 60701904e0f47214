// Which modes GPUs were set to, on disk.
import { rename } from "node:fs/promises";
import type { PciAddress } from "../core/ids.ts";
import type { RecordStore } from "../lifecycle/durable-record.ts";
import type { GpuSetting, ModeRecord } from "../lifecycle/gpu-modes.ts";
import { ASIDE, type SetAside } from "./record-file.ts";
import { StateFile, type Loaded, type StateFileOptions } from "./state-file.ts";

interface WrittenForm {
  readonly gpus: Readonly<Record<PciAddress, GpuSetting>>;
}

export class ModeFile implements RecordStore<ModeRecord> {
  readonly #file: StateFile<WrittenForm>;

  constructor(options: StateFileOptions) {
    this.#file = new StateFile({ name: "gpu-modes.json", kind: "vgpud-gpu-modes", format: 2 }, options);
  }

  /**
   * Whatever the disk refuses, the agent starts, and tells of it. Without the record each GPU is in the mode that is seen at
   * work, and claims of another one are kept as they are.
   */
  async load(): Promise<Loaded<ModeRecord>> {
    const read = await this.#file.read();
    if ("why" in read) return { record: new Map(), setAside: [await this.#moveAside(read)] };
    const gpus = read.form?.gpus ?? {};
    return { record: new Map(Object.entries(gpus) as [PciAddress, GpuSetting][]), setAside: [] };
  }

  async write(record: ModeRecord): Promise<void> {
    await this.#file.write({ gpus: Object.fromEntries(record) });
  }

  /** What could not be read stays, and is read again at the next start. */
  async #moveAside({ why, unread }: { readonly why: string; readonly unread: boolean }): Promise<SetAside> {
    const { path } = this.#file;
    if (unread) return { file: path, why };
    const aside = `${path}${ASIDE}`;
    return await rename(path, aside).then(
      () => ({ file: aside, why }),
      () => ({ file: path, why }),
    );
  }
}
