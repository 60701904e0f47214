// A real daemon of somebody else's for a test: started in the foreground, asked until it answers, ended by its pid.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { until } from "../e2e/harness/until.ts";

/** Interpreters and databases start slowly on a machine that runs other suites beside. */
const PATIENCE_MS = 120_000;
const TOLD_CHARACTERS = 4000;

interface Needed {
  /** Absolute: what comes first on PATH may belong to another Python. */
  readonly program: string;
  /** Debian's, that has it. */
  readonly package: string;
  /** Of scripts/, that installs it. */
  readonly installer?: string;
}

/** Throws what to do about programs that are not there. */
export function demand(...needed: readonly Needed[]): void {
  const missing = needed.filter(({ program }) => !existsSync(program));
  if (missing.length === 0) return;
  const told = missing.map(({ program, package: name }) => `${program} (package ${name})`);
  const installers = new Set(
    missing.map(({ installer = "install-test-packages" }) => `scripts/${installer}`),
  );
  throw new Error(`not installed: ${told.join(", ")}; run ${[...installers].join(" and ")} as root`);
}

/** Killed with the process that started it, however that ends. */
export class Daemon implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #ended: Promise<unknown>;
  #log = "";

  constructor(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#name = words[0] ?? "";
    this.#child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...words], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#ended = once(this.#child, "close");
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#log = (this.#log + text).slice(-TOLD_CHARACTERS);
      });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The end of what it wrote. */
  get log(): string {
    return this.#log;
  }

  /** Its first answer; rejects with the end of its log when it ends before, or does not answer in a generous while. */
  async answers<T>(ask: () => Promise<T | undefined | false>): Promise<T> {
    let last: unknown;
    const look = async (): Promise<T | undefined | false> => {
      if (this.#over)
        throw new Error(`${this.#name} ended with ${this.#child.exitCode ?? "a signal"}:\n${this.#log}`);
      return await ask().catch((error: unknown) => {
        last = error;
        return undefined;
      });
    };
    return await until(`${this.#name} answers`, look, PATIENCE_MS).catch((error: unknown) => {
      if (this.#over) throw error;
      throw new Error(`${this.#name} does not answer; it said:\n${this.#log}`, { cause: last ?? error });
    });
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Resolves when it is gone; at once when it is already. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    // A stopped process would not take the signal.
    if (!this.#over) this.#child.kill("SIGCONT");
    this.#child.kill(signal);
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
  }

  get #over(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
