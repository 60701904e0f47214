// What a run of the demonstration tells: for who reads the run.
import { mkdir, writeFile } from "node:fs/promises";
import type { Ran } from "./caller.ts";
import type { SeedHost } from "./seed-host.ts";

/** Of each run. */
const OF_THE_RUN = "dist/testbed-log";
export const CALLER = "caller";

/** In the order of the story. */
const seedSteps = ["published", "six", "seventh", "freed", "dead"] as const;
type SeedStep = (typeof seedSteps)[number];

/** What somebody asked, and what came of it. */
interface SeedPiece {
  /** On which machine. */
  readonly at: string;
  readonly line: string;
  readonly output: string;
}

export class SeedLog {
  readonly #record: Record<SeedStep, SeedPiece[]> = {
    published: [],
    six: [],
    seventh: [],
    freed: [],
    dead: [],
  };
  #step: SeedStep = seedSteps[0];

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
    this.tell(host.name, command, await host.bed.check(command, { timeoutMs: 120_000 }));
  }

  /** To be called at the end. */
  async write(): Promise<void> {
    await mkdir(OF_THE_RUN, { recursive: true });
    const steps = seedSteps.map((step) => `# ${step}\n\n${this.#record[step].map(textOf).join("\n\n")}\n`);
    await writeFile(`${OF_THE_RUN}/seed-demonstration.log`, steps.join("\n"));
  }
}

function textOf({ at, line, output }: SeedPiece): string {
  return `${at}$ ${line}\n${output}`;
}
