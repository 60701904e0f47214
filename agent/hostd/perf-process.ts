// A running perf. It ends with hostd however that ends: it prints every interval, into a pipe that nobody reads any more then.
import { spawn, type ChildProcess } from "node:child_process";
import type { Uncounted } from "./protocol/engines.ts";
import { printable } from "./printable.ts";
import { LineReader } from "./protocol/lines.ts";
import { ProtocolError } from "./protocol/parse.ts";

/** How a perf ended that was not told to. */
export interface PerfEnd {
  /** Undefined when it did what it was told to and ended by itself. */
  readonly because: Uncounted | undefined;
  /** What it said then, in one line. */
  readonly said: string;
}

/** Its complaints are a page, with what an administrator may do. */
const MAX_COMPLAINT = 4_096;
const MAX_SAID = 300;
/** A line of its figures is a hundred. */
const MAX_LINE_BYTES = 4_096;
/** Of EACCES and of EPERM (tools/perf/util/evsel.c, evsel__open_strerror). */
const NOT_PERMITTED =
  /Access to performance monitoring|No permission|Permission denied|Operation not permitted/i;
/** Of Ubuntu's /usr/bin/perf, a wrapper that is there without any (linux-tools-common): the perf of each kernel is a package. */
const NO_PERF = /perf not found for kernel/;

export class PerfProcess {
  /** Settles when it has ended; never rejects. */
  readonly ended: Promise<PerfEnd>;
  /** Undefined when it could not be started. */
  readonly #process: ChildProcess | undefined;

  /** `onLine` is told each line of its figures. */
  constructor(program: string, words: readonly string[], onLine: (line: string) => void) {
    let child: ChildProcess;
    try {
      child = spawn(program, [...words], {
        cwd: "/",
        // No file of an administrator's changes what it prints or runs. Ubuntu's is a shell script that needs programs.
        env: { PATH: "/usr/bin:/bin", LC_ALL: "C", PERF_CONFIG: "/dev/null" },
        // Its own session, as those that perform operations have: what a terminal sends to hostd is hostd's to pass on.
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
    } catch (error) {
      // Some errors of the system are thrown, others told by an event.
      this.ended = Promise.resolve(notStarted(error));
      return;
    }
    this.#process = child;
    let complaint = "";
    child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
      complaint = (complaint + piece).slice(0, MAX_COMPLAINT);
    });
    const reader = new LineReader(MAX_LINE_BYTES);
    let broken: PerfEnd | undefined;
    child.stdout?.on("data", (piece: Buffer) => {
      try {
        for (const line of reader.feed(piece)) onLine(line);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        broken = { because: "failed", said: `it printed what is no figure: ${error.message}` };
        this.kill();
      }
    });
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => {
        resolve(notStarted(error));
      });
      child.once("close", (code, signal) => {
        resolve(broken ?? endOf(code ?? signal ?? "unknown", complaint));
      });
    });
  }

  /** Ends it at once, and what it started where it is a wrapper: they hold nothing but events, which the kernel closes. */
  kill(): void {
    const { pid, exitCode = null, signalCode = null } = this.#process ?? {};
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    // Its own session, and so the leader of a group of its own.
    process.kill(-pid, "SIGKILL");
  }
}

function endOf(status: number | string, complaint: string): PerfEnd {
  const said = sentence(complaint) || `it ended with ${status} and said nothing`;
  if (status === 0) return { because: undefined, said };
  if (NO_PERF.test(complaint)) return { because: "no-perf", said };
  return { because: NOT_PERMITTED.test(complaint) ? "no-permission" : "failed", said };
}

/** What is told of a perf that there is not, or that could not be started, by the system's error. */
export function notStarted(error: unknown): PerfEnd {
  const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
  const said = error instanceof Error ? error.message : String(error);
  return { because: isMissing ? "no-perf" : "failed", said: printable(said, MAX_SAID) };
}

/** Without what it says of every short count, and without the heading `Error:`. */
function sentence(complaint: string): string {
  const lines = complaint.split("\n").filter((line) => !/^(timeout < 100ms|Error:$)/.test(line.trim()));
  return printable(lines.join(" ").replaceAll(/\s+/g, " ").trim(), MAX_SAID);
}
