// Which modes GPUs were set to, on disk: one file in the state directory, which whoever opened the ledger has to itself.
import { readFile, rename } from "node:fs/promises";
import path from "node:path";
import { messageOf } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import type { Mode } from "../core/modes.ts";
import { nobodyListens, type OnPoint } from "../lifecycle/crash-points.ts";
import type { RecordStore } from "../lifecycle/durable-record.ts";
import type { ModeRecord } from "../lifecycle/gpu-modes.ts";
import { ASIDE, codeOf, parseRecord, renderRecord, writeWhole, type SetAside } from "./record-file.ts";

const KIND = "vgpud-gpu-modes";
/** The number of the form that this version writes. It changes when a reader of the former would misunderstand it. */
const FORMAT = 1;

interface WrittenForm {
  readonly gpus: Readonly<Record<PciAddress, Mode>>;
}

export interface LoadedModes {
  readonly record: ModeRecord;
  readonly setAside: readonly SetAside[];
}

export class ModeFile implements RecordStore<ModeRecord> {
  readonly #file: string;
  readonly #onPoint: OnPoint;

  constructor(stateDir: string, onPoint = nobodyListens) {
    this.#file = path.join(stateDir, "gpu-modes.json");
    this.#onPoint = onPoint;
  }

  /**
   * Whatever the disk refuses, the agent starts, and tells of it. Without the record each GPU is in the mode that is seen at
   * work, and claims of another one are kept as they are.
   */
  async load(): Promise<LoadedModes> {
    let bytes: Buffer;
    try {
      bytes = await readFile(this.#file);
    } catch (error) {
      const setAside = codeOf(error) === "ENOENT" ? [] : [{ file: this.#file, why: messageOf(error) }];
      return { record: new Map(), setAside };
    }
    const read = parseRecord(KIND, bytes);
    if ("value" in read && read.format === FORMAT) {
      const { gpus } = read.value as WrittenForm;
      return { record: new Map(Object.entries(gpus) as [PciAddress, Mode][]), setAside: [] };
    }
    const why = "why" in read ? read.why : `its format ${read.format} is not known to this version`;
    const aside = `${this.#file}${ASIDE}`;
    const file = await rename(this.#file, aside).then(
      () => aside,
      () => this.#file,
    );
    return { record: new Map(), setAside: [{ file, why }] };
  }

  async write(record: ModeRecord): Promise<void> {
    const form: WrittenForm = { gpus: Object.fromEntries(record) };
    await writeWhole(this.#file, renderRecord(KIND, FORMAT, form), (stage) => {
      this.#onPoint(`record write ${stage}`);
    });
  }
}
