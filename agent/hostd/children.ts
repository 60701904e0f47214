// The processes that perform one operation each. None is ever killed, for a signal does not free a write the kernel holds.
// One is always started ahead and waits for its operation: starting Node.js takes longer than all else a create needs here.
import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { RunningJob } from "./protocol/jobs.ts";
import { MAX_LINE_BYTES, type Operation, type Result } from "./protocol/messages.ts";
import { parseResult, ProtocolError } from "./protocol/parse.ts";

const entry = fileURLToPath(import.meta.resolve("./child.js"));

export class Children {
  readonly #root: string;
  /** Started, and without an operation yet. */
  #next: Child | undefined;

  constructor(root: string) {
    this.#root = root;
    this.#startNext();
  }

  /** Gives the operation to the child that waits, and starts the one after it. */
  start(operation: Operation): RunningJob {
    const child = this.#next ?? new Child(this.#root);
    this.#startNext();
    return child.perform(operation);
  }

  #startNext(): void {
    const child = new Child(this.#root);
    this.#next = child;
    // One that could not be started, or that somebody ended, is not given anything to do.
    void child.result.then(() => {
      if (this.#next === child) this.#next = undefined;
    });
  }
}

class Child {
  /** Settles when the process has ended, whether it was given an operation or not; never rejects. */
  readonly result: Promise<Result>;
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;

  /** Starts it with nothing but the root: no environment, its own session. */
  constructor(root: string) {
    this.#process = spawn(process.execPath, [entry, root], {
      cwd: "/",
      env: {},
      // Its own session, so that a terminal's interrupt meant for hostd does not disturb a write.
      detached: true,
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.result = this.#readResult();
    // A child that ended before it read its operation tells by its result.
    this.#process.stdin.on("error", () => undefined);
  }

  perform(operation: Operation): RunningJob {
    this.#process.stdin.end(JSON.stringify(operation));
    return { pid: this.#process.pid ?? 0, result: this.result };
  }

  #readResult(): Promise<Result> {
    let output = "";
    this.#process.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (output.length <= MAX_LINE_BYTES) output += text;
    });
    return new Promise((resolve) => {
      this.#process.once("error", (error) => {
        resolve({ kind: "failed", why: `cannot start a child: ${error.message}` });
      });
      this.#process.once("close", (code, signal) => {
        resolve(resultIn(output, signal ?? `exit code ${code ?? "unknown"}`));
      });
    });
  }
}

function resultIn(output: string, end: string): Result {
  try {
    const value: unknown = JSON.parse(output);
    return parseResult(value);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof ProtocolError)) throw error;
    return { kind: "failed", why: `the child ended without a result (${end})` };
  }
}
