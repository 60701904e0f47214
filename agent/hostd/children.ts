// The processes that perform one operation each. None is ever killed, for a signal does not free a write the kernel holds.
// One is always started ahead and waits for its operation: starting Node.js takes longer than all else a create needs here.
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { RunningJob } from "./protocol/jobs.ts";
import { MAX_REPLY_BYTES, type Operation, type Result } from "./protocol/messages.ts";
import { parseResult, ProtocolError } from "./protocol/parse.ts";

// The same from the folder that the programs are bundled into.
const entry = fileURLToPath(import.meta.resolve("../hostd/child.js"));

export class Children {
  readonly #root: string;
  /** Started, and without an operation yet. */
  #next: Child;

  constructor(root: string) {
    this.#root = root;
    this.#next = new Child(root);
  }

  /** Gives the operation to the child that waits, and starts the one after it. */
  start(operation: Operation): RunningJob {
    // One that could not be started then, or that somebody has ended since.
    const child = this.#next.isThere ? this.#next : new Child(this.#root);
    const job = child.perform(operation);
    this.#next = new Child(this.#root);
    return job;
  }

  /** Lets the child that waits go; those with an operation are the kernel's to end. */
  close(): void {
    this.#next.dismiss();
  }
}

class Child {
  /** Undefined when it could not be started. */
  readonly #process: ChildProcess | undefined;
  readonly #result: Promise<Result>;

  /** Starts it with nothing but the root: no environment, its own session. */
  constructor(root: string) {
    try {
      this.#process = spawn(process.execPath, [entry, root], {
        cwd: "/",
        env: {},
        // Its own session, so that a terminal's interrupt meant for hostd does not disturb a write.
        detached: true,
        stdio: ["pipe", "pipe", "ignore"],
      });
      this.#result = resultOf(this.#process);
    } catch (error) {
      // Some errors of the system are thrown, others told by an event.
      this.#result = Promise.resolve(notStarted(error));
    }
    // A child that ended before it read its operation tells by its result.
    this.#process?.stdin?.on("error", () => undefined);
  }

  get isThere(): boolean {
    const { pid, exitCode = null, signalCode = null } = this.#process ?? {};
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  perform(operation: Operation): RunningJob {
    this.#process?.stdin?.end(JSON.stringify(operation));
    return { pid: this.#process?.pid ?? 0, result: this.#result };
  }

  /** Ends it by the end of its input. */
  dismiss(): void {
    this.#process?.stdin?.end();
  }
}

/** Settles when the process has ended; never rejects. */
function resultOf(child: ChildProcess): Promise<Result> {
  let output = "";
  // Without descriptors left there is none.
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    if (output.length <= MAX_REPLY_BYTES) output += text;
  });
  return new Promise((resolve) => {
    child.once("error", (error) => {
      resolve(notStarted(error));
    });
    child.once("close", (code, signal) => {
      resolve(resultIn(output, signal ?? `exit code ${code ?? "unknown"}`));
    });
  });
}

function notStarted(error: unknown): Result {
  return {
    kind: "failed",
    why: `cannot start a child: ${error instanceof Error ? error.message : String(error)}`,
  };
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
