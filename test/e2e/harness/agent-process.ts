// The shipped vgpud as a process of its own, with its log kept for the test that fails.
import { spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { programStart } from "../../../scripts/program-start.ts";
import { DEATH_VARIABLE, type Death } from "./crash/death.ts";

const ours = fileURLToPath(import.meta.resolve("../../../agent/main.js"));
const mortal = fileURLToPath(import.meta.resolve("./crash/mortal-agent.js"));
/** As the first line of the program asks for it. */
const { environment, flags } = programStart(readFileSync(ours, "utf8"));

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessOptions {
  /** On top of our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** A program with its words that becomes vgpud, as `systemd-socket-activate`. */
  readonly launcher?: readonly string[];
  /** Ends itself at a point of its work: where this says from its start on, or where `arm` tells it later. */
  readonly mortal?: Death | "when armed";
  /** The script of another build. */
  readonly main?: string;
}

/** Ends by itself within the test's time, or is ended with the test. */
export class AgentProcess implements AsyncDisposable {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #out: string[] = [];
  readonly #log: string[] = [];
  readonly #listeners = new Set<() => void>();
  #over = false;

  /** `words` are the command line behind `vgpud`. */
  constructor(
    words: readonly string[],
    { env = {}, launcher = [], mortal: death, main = ours }: ProcessOptions = {},
  ) {
    const script = death === undefined ? main : mortal;
    const [program = process.execPath, ...rest] = [
      ...launcher,
      ...[process.execPath, ...flags, script, ...words],
    ];
    const armed = typeof death === "object" ? { [DEATH_VARIABLE]: JSON.stringify(death) } : {};
    const child = spawn(program, rest, {
      stdio: ["ignore", "pipe", "pipe", ...(death === undefined ? [] : (["ipc"] as const))],
      env: { ...process.env, ...environment, ...env, ...armed },
    }) as ChildProcessByStdio<null, Readable, Readable>;
    this.#child = child;
    this.#keep(createInterface(child.stdout), this.#out);
    this.#keep(createInterface(child.stderr), this.#log);
    this.ended = once(child, "close").then(() => {
      this.#over = true;
      this.#told();
      return { code: child.exitCode, stdout: this.#out.join("\n"), stderr: this.log };
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Resolves when a mortal one knows where it is to end. */
  async arm(death: Death): Promise<void> {
    const told = once(this.#child, "message");
    // Of one that has ended meanwhile nobody needs to know that it was not told.
    this.#child.send(death, () => undefined);
    await Promise.race([told, this.ended]);
  }

  /** One JSON object a line, from its start to now. */
  get log(): string {
    return this.#log.join("\n");
  }

  /** Resolves with the address of /metrics when it serves; rejects with its log when it ends before. */
  async ready(): Promise<string> {
    return await this.said("metrics");
  }

  /** Resolves with what the line that begins with `ready` says of a key, as `socket`. */
  async said(key: string): Promise<string> {
    const pattern = new RegExp(`^ready .*(?<= )${key}=(\\S+)`);
    const found = (): string | undefined =>
      this.#out.map((line) => pattern.exec(line)?.[1]).find((value) => value !== undefined);
    await this.#until(() => found() !== undefined);
    return found() ?? "";
  }

  /** Resolves when the log has at least so many lines that match. */
  async logged(pattern: RegExp, times = 1): Promise<void> {
    await this.#until(() => this.#log.filter((line) => pattern.test(line)).length >= times);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<Ended> {
    this.#child.kill(signal);
    return await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
  }

  #keep(lines: AsyncIterable<string> & NodeJS.EventEmitter, into: string[]): void {
    lines.on("line", (line: string) => {
      into.push(line);
      this.#told();
    });
  }

  #told(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#over) throw new Error(`vgpud ended with ${this.#child.exitCode ?? "a signal"}:\n${this.log}`);
      await new Promise<void>((resolve) => {
        const once = (): void => {
          this.#listeners.delete(once);
          resolve();
        };
        this.#listeners.add(once);
      });
    }
  }
}
