// A scheduler's client as a process of its own, with what it has said so far.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { until } from "../../e2e/harness/until.ts";

export class ClientProcess implements AsyncDisposable {
  readonly lines: string[] = [];
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #errors = "";

  /** `input` is all that it can read. */
  constructor(
    [program = "", ...args]: readonly string[],
    env: Readonly<Record<string, string>> = {},
    input = "",
  ) {
    const child = spawn(program, args, { stdio: "pipe", env: { ...process.env, ...env } });
    child.stdin.end(input);
    createInterface(child.stdout).on("line", (line) => this.lines.push(line));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#errors += text));
    this.#child = child;
    this.ended = once(child, "close").then(() => child.exitCode);
  }

  /** What it wrote to stderr. */
  get errors(): string {
    return this.#errors;
  }

  async says(line: string): Promise<void> {
    await until(`the client says '${line}'`, () => Promise.resolve(this.lines.includes(line)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }
}
