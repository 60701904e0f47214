// A process with streams that a test writes to and reads, at a terminal or not.
import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import type { TerminalProcess } from "../../../agent/cli/terminal/terminal.ts";

export interface FakeTerminal extends TerminalProcess {
  /** What stands on stdin. */
  type(text: string): void;
  /** Everything that was written so far. */
  readonly shown: { stdout: string; stderr: string };
  isRaw(): boolean;
  resize(columns: number, rows: number): void;
  emit(event: string): boolean;
  listenerCount(event: string): number;
}

interface Attached {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
}

export function fakeTerminal({ stdin = true, stdout = true, stderr = true }: Attached = {}): FakeTerminal {
  const shown = { stdout: "", stderr: "" };
  let isRaw = false;
  const output = (name: keyof typeof shown, isTTY: boolean) => {
    const stream = Object.assign(new PassThrough(), { isTTY, columns: 100, rows: 30 });
    stream.on("data", (piece: Buffer) => (shown[name] += piece.toString()));
    return stream;
  };
  const input = Object.assign(new PassThrough(), {
    isTTY: stdin,
    setRawMode: (raw: boolean) => {
      isRaw = raw;
    },
  });
  const screen = output("stdout", stdout);
  return Object.assign(new EventEmitter(), {
    stdin: input,
    stdout: screen,
    stderr: output("stderr", stderr),
    shown,
    type: (text: string) => void input.write(text),
    resize: (columns: number, rows: number) => {
      Object.assign(screen, { columns, rows }).emit("resize");
    },
    isRaw: () => isRaw,
  });
}
