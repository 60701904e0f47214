// What a suite tells of a life in its bed: for who reads the run, and, as last recorded, docs/reference/lives-on-beds.md.
import { mkdir, writeFile } from "node:fs/promises";
import type { LifeOnBed } from "../../scripts/lives-on-beds-page.ts";

/** Of each run. */
const OF_THE_RUN = "dist/testbed-log";
/** From dist/test/testbed back to the sources. */
const RECORDS = new URL("../../../test/golden/lives-on-beds/", import.meta.url);

export class LifeLog {
  readonly #name: LifeOnBed;
  readonly #parts: string[] = [];

  constructor(name: LifeOnBed) {
    this.#name = name;
  }

  /** The last that was told; empty before the first. */
  get last(): string {
    return this.#parts.at(-1) ?? "";
  }

  tell(text: string): void {
    this.#parts.push(text.trimEnd());
  }

  /** To be called at the end; UPDATE_GOLDEN=1 records it. `more`: what is for the run alone, being long. */
  async write(more = ""): Promise<void> {
    const text = `${this.#parts.join("\n\n")}\n`;
    await mkdir(OF_THE_RUN, { recursive: true });
    await writeFile(`${OF_THE_RUN}/${this.#name}.log`, text + more);
    if (process.env["UPDATE_GOLDEN"] !== "1") return;
    await mkdir(RECORDS, { recursive: true });
    await writeFile(new URL(`${this.#name}.log`, RECORDS), text);
  }
}
