// One small record in the state directory, which whoever opened the ledger has to itself: written whole, and checked when it is read.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { messageOf } from "../core/errors.ts";
import type { Turns } from "../core/turns.ts";
import { nobodyListens, type OnPoint } from "../lifecycle/crash-points.ts";
import {
  codeOf,
  parseRecord,
  renderRecord,
  writeWhole,
  type SetAside,
  type WriteStage,
} from "./record-file.ts";

/** Where a record is kept and what it is called. */
export interface StateFileKind {
  readonly name: string;
  /** The first word of the file. */
  readonly kind: string;
  /** The number of the form that this version writes. It changes when a reader of the former would misunderstand it. */
  readonly format: number;
}

export interface StateFileOptions {
  readonly stateDir: string;
  /** The ledger's, whose disk it is: one that hangs keeps no more threads for being asked for two things. */
  readonly turns: Turns;
  readonly onPoint?: OnPoint | undefined;
}

/** `unread`: not its content is at fault; it may be read another time. */
export type ReadState<Form> =
  { readonly form: Form | undefined } | { readonly why: string; readonly unread: boolean };

/** What the agent starts with, whatever the disk had to say. */
export interface Loaded<Value> {
  readonly record: Value;
  /** What could not be read, and lies where it was or beside it. */
  readonly setAside: readonly SetAside[];
}

export class StateFile<Form> {
  readonly path: string;
  readonly #kind: StateFileKind;
  readonly #turns: Turns;
  readonly #onPoint: OnPoint;

  constructor(kind: StateFileKind, { stateDir, turns, onPoint = nobodyListens }: StateFileOptions) {
    this.path = path.join(stateDir, kind.name);
    this.#kind = kind;
    this.#turns = turns;
    this.#onPoint = onPoint;
  }

  /** Undefined when there is none. */
  async read(): Promise<ReadState<Form>> {
    let bytes: Buffer;
    try {
      bytes = await readFile(this.path);
    } catch (error) {
      return codeOf(error) === "ENOENT" ? { form: undefined } : { why: messageOf(error), unread: true };
    }
    const { kind, format } = this.#kind;
    const read = parseRecord(kind, bytes);
    if ("why" in read) return { why: read.why, unread: false };
    if (read.format !== format)
      return { why: `its format ${read.format} is not known to this version`, unread: false };
    return { form: read.value as Form };
  }

  async write(form: Form): Promise<void> {
    const { kind, format } = this.#kind;
    const onStage = (stage: WriteStage): void => {
      this.#onPoint(`record write ${stage}`);
    };
    await this.#turns.run(() => writeWhole(this.path, renderRecord(kind, format, form), onStage));
  }
}
