// What is drained, on disk: one file in the state directory, which whoever opened the ledger has to itself.
import { copyFile, readFile } from "node:fs/promises";
import path from "node:path";
import { messageOf } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";
import type { Turns } from "../core/turns.ts";
import { nobodyListens, type OnPoint } from "../lifecycle/crash-points.ts";
import { nothingDrained, type Drain, type DrainRecord } from "../lifecycle/drains.ts";
import type { RecordStore } from "../lifecycle/durable-record.ts";
import {
  ASIDE,
  codeOf,
  parseRecord,
  renderRecord,
  writeWhole,
  type SetAside,
  type WriteStage,
} from "./record-file.ts";

const KIND = "vgpud-drained";
/** The number of the form that this version writes. It changes when a reader of the former would misunderstand it. */
const FORMAT = 1;

interface WrittenForm {
  readonly host?: Drain;
  readonly gpus: Readonly<Record<PciAddress, Drain>>;
}

export interface LoadedDrains {
  readonly record: DrainRecord;
  readonly setAside: readonly SetAside[];
}

export interface DrainFileOptions {
  readonly stateDir: string;
  readonly wall: () => number;
  /** The ledger's, whose disk it is: one that hangs keeps no more threads for being asked for two things. */
  readonly turns: Turns;
  readonly onPoint?: OnPoint | undefined;
}

export class DrainFile implements RecordStore<DrainRecord> {
  readonly #file: string;
  readonly #wall: () => number;
  readonly #turns: Turns;
  readonly #onPoint: OnPoint;

  constructor({ stateDir, wall, turns, onPoint = nobodyListens }: DrainFileOptions) {
    this.#file = path.join(stateDir, "drained.json");
    this.#wall = wall;
    this.#turns = turns;
    this.#onPoint = onPoint;
  }

  /** Whatever the disk refuses, the agent starts, and tells of it. */
  async load(): Promise<LoadedDrains> {
    let bytes: Buffer;
    try {
      bytes = await readFile(this.#file);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return { record: nothingDrained, setAside: [] };
      return await this.#doubted(messageOf(error));
    }
    const read = parseRecord(KIND, bytes);
    if ("value" in read && read.format === FORMAT)
      return { record: recordOf(read.value as WrittenForm), setAside: [] };
    const why = "why" in read ? read.why : `its format ${read.format} is not known to this version`;
    return await this.#doubted(why);
  }

  async write({ host, gpus }: DrainRecord): Promise<void> {
    const form: WrittenForm = { ...(host && { host }), gpus: Object.fromEntries(gpus) };
    const onStage = (stage: WriteStage): void => {
      this.#onPoint(`record write ${stage}`);
    };
    await this.#turns.run(() => writeWhole(this.#file, renderRecord(KIND, FORMAT, form), onStage));
  }

  /**
   * What was drained is not known, and a GPU that somebody took out of service for good reason must not get guests by a
   * broken file: the host is drained until somebody says otherwise. The copy comes first, so that no crash loses either;
   * where there is none the file stays as it is, and the next start reads it again.
   */
  async #doubted(why: string): Promise<LoadedDrains> {
    const copy = `${this.#file}${ASIDE}`;
    const aside = await copyFile(this.#file, copy).then(
      () => copy,
      () => this.#file,
    );
    const note = `the record of what is drained could not be read and lies in ${aside}`;
    const record = { ...nothingDrained, host: { note, since: this.#wall() } };
    if (aside === copy) await this.write(record).catch(() => undefined);
    return { record, setAside: [{ file: aside, why }] };
  }
}

function recordOf({ host, gpus }: WrittenForm): DrainRecord {
  return { host, gpus: new Map(Object.entries(gpus) as [PciAddress, Drain][]) };
}
