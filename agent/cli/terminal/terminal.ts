// The terminal that vgpuctl runs on, as far as there is one: its size, its keys, a line of status, and a question.
import { createInterface } from "node:readline/promises";
import type { Environment, Screen, ScreenSize } from "../environment.ts";
import { keyStrokes } from "./key-strokes.ts";

interface Input extends NodeJS.ReadableStream {
  readonly isTTY: boolean;
  setRawMode(raw: boolean): unknown;
}

interface Output extends NodeJS.WritableStream, ScreenSize {
  readonly isTTY: boolean;
}

type Event = "exit" | (typeof ENDING_SIGNALS)[number];

/** The process, as far as a terminal is concerned. */
export interface TerminalProcess {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  once(event: Event, listener: () => void): unknown;
  off(event: Event, listener: () => void): unknown;
}

const ERASE_LINE = "\r\u001b[K";
// The alternate screen of xterm, without its cursor.
const ENTER_SCREEN = "\u001b[?1049h\u001b[?25l";
const LEAVE_SCREEN = "\u001b[?25h\u001b[?1049l";
const ENDING_SIGNALS = ["SIGTERM", "SIGHUP"] as const;
/** What a terminal in raw mode gives for Ctrl-C. */
const CTRL_C = "\u0003";
/** Of a terminal that says it has none, as that of a serial line or of a recorder. */
const USUAL_SIZE: ScreenSize = { columns: 80, rows: 24 };

export class Terminal {
  readonly #process: TerminalProcess;
  readonly #run: AbortController;
  readonly #interrupt = (): void => {
    this.#run.abort();
  };

  /** `run` is aborted by a Ctrl-C that reaches us as a key, and when another ends it, a question ends. */
  constructor(process: TerminalProcess, run: AbortController) {
    this.#process = process;
    this.#run = run;
  }

  /** What of it there is. Nobody is asked unless question and answer both meet a person. */
  parts(): Pick<Environment, "screen" | "keys" | "ask" | "status"> {
    const { stdin, stdout, stderr } = this.#process;
    return {
      ...(stdout.isTTY ? { screen: this.#screen() } : {}),
      ...(stdin.isTTY ? { keys: (onKey) => this.#keys(onKey) } : {}),
      ...(stdin.isTTY && stderr.isTTY ? { ask: (question) => this.#ask(question) } : {}),
      ...(stderr.isTTY
        ? {
            status: (line) => {
              this.#status(line);
            },
          }
        : {}),
    };
  }

  #screen(): Screen {
    const { stdout } = this.#process;
    return {
      size: () => sizeOf(stdout),
      onResize: (resized) => {
        stdout.on("resize", resized);
        return {
          [Symbol.dispose]: () => {
            stdout.off("resize", resized);
          },
        };
      },
      takeOver: () => this.#takeOver(),
    };
  }

  /** A signal that would end the process ends the run instead, so that the screen is given back. */
  #takeOver(): Disposable {
    const { stdout } = this.#process;
    const giveBack = (): void => {
      stdout.write(LEAVE_SCREEN);
    };
    stdout.write(ENTER_SCREEN);
    this.#process.once("exit", giveBack);
    for (const signal of ENDING_SIGNALS) this.#process.once(signal, this.#interrupt);
    return {
      [Symbol.dispose]: () => {
        this.#process.off("exit", giveBack);
        for (const signal of ENDING_SIGNALS) this.#process.off(signal, this.#interrupt);
        giveBack();
      },
    };
  }

  #keys(onKey: (key: string) => void): Disposable {
    const { stdin } = this.#process;
    const heard = (bytes: Buffer): void => {
      for (const key of keyStrokes(bytes.toString("utf8"))) {
        if (key === CTRL_C) this.#interrupt();
        else onKey(key);
      }
    };
    stdin.setRawMode(true);
    stdin.on("data", heard);
    stdin.resume();
    return {
      [Symbol.dispose]: () => {
        stdin.off("data", heard);
        stdin.setRawMode(false);
        stdin.pause();
      },
    };
  }

  /** Nothing for one that is interrupted: its end says no. */
  async #ask(question: string): Promise<string> {
    const { stdin, stderr } = this.#process;
    const { signal } = this.#run;
    const lines = createInterface({ input: stdin, output: stderr });
    try {
      return await new Promise((resolve, reject) => {
        lines.on("SIGINT", () => {
          this.#interrupt();
          resolve("");
        });
        lines.on("close", () => {
          resolve("");
        });
        lines.question(question, { signal }).then(resolve, reject);
      });
    } catch (error) {
      if (!signal.aborted) throw error;
      return "";
    } finally {
      lines.close();
    }
  }

  #status(line: string): void {
    const { stderr } = this.#process;
    // A line that wraps could not be erased.
    stderr.write(`${ERASE_LINE}${line.slice(0, sizeOf(stderr).columns - 1)}`);
  }
}

function sizeOf({ columns, rows }: ScreenSize): ScreenSize {
  return { columns: columns || USUAL_SIZE.columns, rows: rows || USUAL_SIZE.rows };
}
