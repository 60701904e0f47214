// What is drained, on disk.
import { copyFile } from "node:fs/promises";
import type { PciAddress } from "../core/ids.ts";
import { nothingDrained, type Drain, type DrainRecord } from "../lifecycle/drains.ts";
import type { RecordStore } from "../lifecycle/durable-record.ts";
import { ASIDE } from "./record-file.ts";
import { StateFile, type Loaded, type StateFileOptions } from "./state-file.ts";

interface WrittenForm {
  readonly host?: Drain;
  readonly gpus: Readonly<Record<PciAddress, Drain>>;
}

export class DrainFile implements RecordStore<DrainRecord> {
  readonly #file: StateFile<WrittenForm>;
  readonly #wall: () => number;

  constructor({ wall, ...options }: StateFileOptions & { readonly wall: () => number }) {
    this.#file = new StateFile({ name: "drained.json", kind: "vgpud-drained", format: 1 }, options);
    this.#wall = wall;
  }

  /** Whatever the disk refuses, the agent starts, and tells of it. */
  async load(): Promise<Loaded<DrainRecord>> {
    const read = await this.#file.read();
    if ("why" in read) return await this.#doubted(read.why);
    if (!read.form) return { record: nothingDrained, setAside: [] };
    const { host, gpus } = read.form;
    return { record: { host, gpus: new Map(Object.entries(gpus) as [PciAddress, Drain][]) }, setAside: [] };
  }

  async write({ host, gpus }: DrainRecord): Promise<void> {
    await this.#file.write({ ...(host && { host }), gpus: Object.fromEntries(gpus) });
  }

  /**
   * What was drained is not known, and a GPU that somebody took out of service for good reason must not get guests by a
   * broken file: the host is drained until somebody says otherwise. The copy comes first, so that no crash loses either;
   * where there is none the file stays as it is, and the next start reads it again.
   */
  async #doubted(why: string): Promise<Loaded<DrainRecord>> {
    const { path } = this.#file;
    const copy = `${path}${ASIDE}`;
    const aside = await copyFile(path, copy).then(
      () => copy,
      () => path,
    );
    const note = `the record of what is drained could not be read and lies in ${aside}`;
    const record = { ...nothingDrained, host: { note, since: this.#wall() } };
    if (aside === copy) await this.write(record).catch(() => undefined);
    return { record, setAside: [{ file: aside, why }] };
  }
}
