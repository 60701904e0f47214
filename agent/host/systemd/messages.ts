// Messages to systemd: sd_notify(3) through the systemd-notify program, since Node has no datagrams on UNIX sockets.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { messageOf } from "../../core/errors.ts";

const run = promisify(execFile);

/** Assignments of sd_notify(3), as `{ READY: "1", STATUS: "1 GPU" }`. */
export type Message = Readonly<Record<string, string>>;

export interface MessengerOptions {
  /** systemd's NOTIFY_SOCKET; undefined: nobody listens, and messages go nowhere. */
  readonly socket: string | undefined;
  /** Told once when the first message cannot be sent. */
  readonly onError: (why: string) => void;
  /** For tests; default `systemd-notify`. */
  readonly program?: string;
}

/** systemd-notify waits until systemd has taken the message, or systemd would not know any more whose it was. */
const SEND_MS = 10_000;

export class Messenger {
  readonly #options: MessengerOptions;
  readonly #waiting: Message[] = [];
  #sending: Promise<void> | undefined;
  #failed = false;

  constructor(options: MessengerOptions) {
    this.#options = options;
  }

  /** Whether anybody listens. */
  get heard(): boolean {
    return this.#options.socket !== undefined;
  }

  /**
   * Sends in the background, one message after the other, in order. What does not change the service's state (STATUS,
   * WATCHDOG and extensions) joins a message of that kind that still waits. Never throws.
   */
  send(message: Message): void {
    if (!this.heard) return;
    const last = this.#waiting.at(-1);
    if (last && !changesState(last) && !changesState(message))
      this.#waiting[this.#waiting.length - 1] = { ...last, ...message };
    else this.#waiting.push(message);
    this.#sending ??= this.#work().finally(() => {
      this.#sending = undefined;
    });
  }

  /** Resolves when nothing waits to be sent. */
  async flushed(): Promise<void> {
    await this.#sending;
  }

  async #work(): Promise<void> {
    for (let message = this.#waiting.shift(); message; message = this.#waiting.shift())
      try {
        await this.#run(message);
      } catch (error) {
        if (!this.#failed) this.#options.onError(messageOf(error));
        this.#failed = true;
      }
  }

  async #run(message: Message): Promise<void> {
    const { socket, program = "systemd-notify" } = this.#options;
    const words = Object.entries(message).map(([name, value]) => `${name}=${value.replaceAll("\n", " ")}`);
    const env = { PATH: process.env["PATH"], NOTIFY_SOCKET: socket };
    await run(program, words, { env, timeout: SEND_MS, killSignal: "SIGKILL" });
  }
}

function changesState(message: Message): boolean {
  return ["READY", "RELOADING", "STOPPING"].some((name) => name in message);
}
