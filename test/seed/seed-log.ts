// What a run of the demonstration tells: for who reads the run, and, as last recorded, docs/seed-demonstration.md.
import { mkdir, writeFile } from "node:fs/promises";
import { seedSteps, type SeedPiece, type SeedStep } from "../../scripts/seed-demonstration-page.ts";
import type { Ran } from "./caller.ts";
import type { SeedHost } from "./seed-host.ts";

/** Of each run. */
const OF_THE_RUN = "dist/testbed-log";
/** From dist/test/seed back to the sources. */
const RECORD = new URL("../../../test/golden/seed-demonstration.json", import.meta.url);
export const CALLER = "caller";

export class SeedLog {
  readonly #record: Record<SeedStep, SeedPiece[]> = {
    published: [],
    six: [],
    seventh: [],
    freed: [],
    dead: [],
    back: [],
    empty: [],
  };
  #step: SeedStep = seedSteps[0];
  #ended = false;

  /** The last step has come to its end. */
  end(): void {
    this.#ended = true;
  }

  begin(step: SeedStep): void {
    this.#step = step;
  }

  /** What somebody sees who asks `line` on the machine `at`. */
  tell(at: string, line: string, output: string): void {
    this.#record[this.#step].push({ at, line, output: output.trimEnd() });
  }

  /** A run of vgpuctl, as a terminal shows it. */
  ran({ line, stderr, stdout, exitCode }: Ran): void {
    const status = exitCode === 0 ? "" : `(exit status ${exitCode})`;
    const parts = [stderr, stdout, status].map((part) => part.trimEnd()).filter((part) => part !== "");
    this.tell(CALLER, line, parts.join("\n"));
  }

  /** A command on a host, and what it says. */
  async on(host: SeedHost, command: string): Promise<void> {
    const { stdout, stderr } = await host.bed.run(command, { timeoutMs: 120_000 });
    this.tell(host.name, command, `${stdout}${stderr}`);
  }

  /** To be called at the end; UPDATE_GOLDEN=1 records a story that was told to its end. */
  async write(): Promise<void> {
    await mkdir(OF_THE_RUN, { recursive: true });
    const steps = seedSteps.map((step) => `# ${step}\n\n${this.#record[step].map(textOf).join("\n\n")}\n`);
    await writeFile(`${OF_THE_RUN}/seed-demonstration.log`, steps.join("\n"));
    if (process.env["UPDATE_GOLDEN"] !== "1" || !this.#ended) return;
    await writeFile(RECORD, `${JSON.stringify(this.#record, undefined, 2)}\n`);
  }
}

function textOf({ at, line, output }: SeedPiece): string {
  return `${at}$ ${line}\n${output}`;
}
