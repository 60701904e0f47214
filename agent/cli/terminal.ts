// The terminal that vgpuctl runs on, as far as there is one: its size, its keys, a line of status, and a question.
import { createInterface } from "node:readline/promises";
import type { Environment, Screen } from "./environment.ts";

type Streams = Pick<NodeJS.Process, "stdin" | "stdout" | "stderr">;

const ERASE_LINE = "\r\u001b[K";
// The alternate screen of xterm, without its cursor.
const ENTER_SCREEN = "\u001b[?1049h\u001b[?25l";
const LEAVE_SCREEN = "\u001b[?25h\u001b[?1049l";
const ENDING_SIGNALS = ["SIGTERM", "SIGHUP"] as const;
/** What a terminal in raw mode gives for Ctrl-C. */
const CTRL_C = "\u0003";

export class Terminal {
  readonly #streams: Streams;
  readonly #interrupt: () => void;

  /** `interrupt` is called for a Ctrl-C that reaches us as a key. */
  constructor(streams: Streams, interrupt: () => void) {
    this.#streams = streams;
    this.#interrupt = interrupt;
  }

  /** What of it there is. Nobody is asked unless question and answer both meet a person. */
  parts(): Pick<Environment, "screen" | "keys" | "ask" | "status"> {
    const { stdin, stdout, stderr } = this.#streams;
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
    const { stdout } = this.#streams;
    return {
      size: () => ({ columns: stdout.columns, rows: stdout.rows }),
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
    const { stdout } = this.#streams;
    const giveBack = (): void => {
      stdout.write(LEAVE_SCREEN);
    };
    stdout.write(ENTER_SCREEN);
    process.once("exit", giveBack);
    for (const signal of ENDING_SIGNALS) process.once(signal, this.#interrupt);
    return {
      [Symbol.dispose]: () => {
        process.off("exit", giveBack);
        for (const signal of ENDING_SIGNALS) process.off(signal, this.#interrupt);
        giveBack();
      },
    };
  }

  #keys(onKey: (key: string) => void): Disposable {
    const { stdin } = this.#streams;
    const heard = (bytes: Buffer): void => {
      const key = bytes.toString("utf8");
      if (key === CTRL_C) this.#interrupt();
      else onKey(key);
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
    const { stdin, stderr } = this.#streams;
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
        lines.question(question).then(resolve, reject);
      });
    } finally {
      lines.close();
    }
  }

  #status(line: string): void {
    const { stderr } = this.#streams;
    // A line that wraps could not be erased.
    stderr.write(`${ERASE_LINE}${line.slice(0, Math.max(0, stderr.columns - 1))}`);
  }
}
