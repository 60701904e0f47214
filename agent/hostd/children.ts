// The processes that perform operations, each one at a time. None that changes something is ever killed, for a signal does not free
// a write the kernel holds: one that hangs is left behind, and so is a look that does not die. One always waits, started ahead,
// since starting Node.js takes longer than all else a create needs here; and one that has performed waits for the next beside it,
// which a dom0 that is asked every few seconds would otherwise start a process for each time.
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { RunningJob } from "./protocol/jobs.ts";
import { encodeLine, LineReader } from "./protocol/lines.ts";
import { MAX_REPLY_BYTES, type Operation, type Result } from "./protocol/messages.ts";
import { parseResult, ProtocolError } from "./protocol/parse.ts";

// The same from the folder that the programs are bundled into.
const entry = fileURLToPath(import.meta.resolve("../hostd/child.js"));
/** Enough for operations that come one after the other; more come at once seldom, and start their own. */
export const MAX_WAITING = 2;

export class Children {
  readonly #root: string;
  /** Started, and without an operation. */
  #waiting: readonly Child[];

  constructor(root: string) {
    this.#root = root;
    this.#waiting = [new Child(root)];
  }

  /** Gives the operation to a child that waits, once `ready` has settled, and sees to it that another does. */
  start(operation: Operation, ready?: Promise<void>): RunningJob {
    // Not one that could not be started, or that somebody has ended since.
    const [child = new Child(this.#root), ...others] = this.#waiting.filter(({ isThere }) => isThere);
    const { pid, result } = child.perform(operation, ready);
    this.#waiting = others.length > 0 ? others : [new Child(this.#root)];
    return {
      pid,
      result: result.finally(() => {
        this.#takeBack(child);
      }),
      giveUp: () => {
        child.kill();
      },
    };
  }

  /** Lets the children that wait go; those with an operation are the kernel's to end. */
  close(): void {
    for (const child of this.#waiting) child.dismiss();
  }

  #takeBack(child: Child): void {
    this.#waiting = this.#waiting.filter(({ isThere }) => isThere);
    if (this.#waiting.length < MAX_WAITING && child.isThere) this.#waiting = [...this.#waiting, child];
    else child.dismiss();
  }
}

class Child {
  /** Undefined when it could not be started. */
  readonly #process: ChildProcess | undefined;
  /** Why it has ended, or never began. */
  #end: Result | undefined;
  /** Hears how the operation under way went. */
  #answer: (result: Result) => void = () => undefined;

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
      this.#listen(this.#process);
    } catch (error) {
      // Some errors of the system are thrown, others told by an event.
      this.#over(notStarted(error));
    }
  }

  /** Whether it can be given an operation. */
  get isThere(): boolean {
    const { pid, exitCode = null, signalCode = null, stdin } = this.#process ?? {};
    return pid !== undefined && exitCode === null && signalCode === null && stdin?.writable === true;
  }

  /** One at a time: not before the last has its result. Not before `ready` has settled, which must not reject. */
  perform(operation: Operation, ready?: Promise<void>): Pick<RunningJob, "pid" | "result"> {
    const result = new Promise<Result>((resolve) => {
      this.#answer = resolve;
    });
    const begin = (): void => {
      if (this.#end) this.#answer(this.#end);
      else this.#process?.stdin?.write(encodeLine(operation));
    };
    if (ready) void ready.then(begin);
    else begin();
    return { pid: this.#process?.pid ?? 0, result };
  }

  /** Ends it by the end of its input. */
  dismiss(): void {
    this.#process?.stdin?.end();
  }

  /** What it reads for a look (a process's memory map) the kernel waits for interruptibly. */
  kill(): void {
    this.#process?.kill("SIGKILL");
  }

  #listen(child: ChildProcess): void {
    const reader = new LineReader(MAX_REPLY_BYTES);
    child.once("error", (error) => {
      this.#over(notStarted(error));
    });
    child.once("close", (code, signal) => {
      this.#over(failure(`the child ended without a result (${signal ?? `exit code ${code ?? "unknown"}`})`));
    });
    // Without descriptors left there are no pipes. A child that ended before it read its operation tells by its end.
    child.stdin?.on("error", () => undefined);
    child.stdout?.on("data", (piece: Buffer) => {
      this.#hear(reader, piece);
    });
  }

  #hear(reader: LineReader, piece: Buffer): void {
    try {
      for (const line of reader.feed(piece)) {
        const value: unknown = JSON.parse(line);
        this.#answer(parseResult(value));
      }
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof ProtocolError)) throw error;
      this.dismiss();
      this.#answer(failure(`the child gave no result that can be read: ${error.message}`));
    }
  }

  #over(end: Result): void {
    this.#end ??= end;
    this.#answer(this.#end);
  }
}

function notStarted(error: unknown): Result {
  return failure(`cannot start a child: ${error instanceof Error ? error.message : String(error)}`);
}

function failure(why: string): Result {
  return { kind: "failed", why };
}
