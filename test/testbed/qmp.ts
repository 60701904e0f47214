// QEMU's monitor: one command at a time, each with a deadline.
import type { Socket } from "node:net";
import { BedError, within } from "./bed-error.ts";
import { LineSplitter } from "./protocol.ts";
import { connectWhenListening } from "./unix-socket.ts";

type Reply = ReadonlyMap<string, unknown>;

export class Qmp {
  readonly #socket: Socket;
  #answer: ((reply: Reply) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lines = new LineSplitter();
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      for (const line of lines.push(chunk)) this.#take(line);
    });
  }

  /** Waits until QEMU listens, then leaves the negotiation mode. */
  static async open(path: string, signal: AbortSignal): Promise<Qmp> {
    const qmp = new Qmp(await connectWhenListening(path, signal));
    await qmp.execute("qmp_capabilities", {}, 60_000);
    return qmp;
  }

  /** The `return` value. Throws BedError "guest" with QEMU's words when it refuses. */
  async execute(command: string, args: Record<string, unknown>, timeoutMs: number): Promise<unknown> {
    const reply = new Promise<Reply>((resolve) => {
      this.#answer = resolve;
    });
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    const fields = await within(reply, timeoutMs, `QEMU to answer ${command}`);
    if (fields.has("error"))
      throw new BedError("guest", `QEMU refused ${command}: ${JSON.stringify(fields.get("error"))}`);
    return fields.get("return");
  }

  /** A command of the human monitor, which answers with text on failure and with nothing on success. */
  async human(command: string, timeoutMs: number): Promise<void> {
    const text = await this.execute("human-monitor-command", { "command-line": command }, timeoutMs);
    if (text !== "") throw new BedError("guest", `QEMU refused ${command}: ${String(text).trim()}`);
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(line: string): void {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null) return;
    const fields = new Map<string, unknown>(Object.entries(value));
    // the greeting and events are neither
    if (!fields.has("return") && !fields.has("error")) return;
    this.#answer?.(fields);
    this.#answer = undefined;
  }
}
