// A real process of ours for a test: started, waited for until it says it is ready, ended with the test.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A program of the build, started as its own process; disposing of it sends SIGTERM and waits for its end. */
export class StartedProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  /** The line it printed when it was ready. */
  readonly ready: string;
  readonly ended: Promise<unknown>;

  private constructor(child: ChildProcess, ready: string, ended: Promise<unknown>) {
    this.child = child;
    this.ready = ready;
    this.ended = ended;
  }

  /** Resolves with the first line that starts with `ready`; rejects with what it wrote to stderr when it ends before. */
  static async start(words: readonly string[]): Promise<StartedProcess> {
    const [command = "", ...args] = words;
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    const ended = once(child, "close");
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    for await (const line of createInterface(child.stdout)) {
      if (!line.startsWith("ready")) continue;
      child.stdout.resume();
      return new StartedProcess(child, line, ended);
    }
    await ended;
    throw new Error(`${words.join(" ")} ended with ${child.exitCode ?? "a signal"}: ${errors}`);
  }

  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.child.kill(signal);
    await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // SIGTERM would wait for a stopped process for ever.
    this.child.kill("SIGCONT");
    await this.end();
  }
}
