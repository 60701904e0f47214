// The harness's end of the command channel: commands, files and connections in the guest, any number at a time.
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { BedError, within } from "./bed-error.ts";
import { GuestStream } from "./guest-stream.ts";
import { decode, encode, LineSplitter, type Message } from "./protocol.ts";

export interface CommandResult {
  /** Exit status; 128 + the signal's number when a signal ended it. */
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export interface RunningCommand {
  readonly result: Promise<CommandResult>;
  /** Sends a signal such as "SIGTERM" to the command and everything it started. */
  kill(signal: string): void;
}

interface Listener {
  take(message: Message): void;
  lost(error: BedError): void;
}

export class GuestChannel {
  readonly #socket: Socket;
  readonly #listeners = new Map<number, Listener>();
  #nextId: number;
  #lost: BedError | undefined;

  /** `firstId` keeps apart the commands of clients that come one after the other to the same guest. */
  constructor(socket: Socket, firstId: number) {
    this.#socket = socket;
    this.#nextId = firstId;
    const lines = new LineSplitter();
    socket.on("data", (chunk) => {
      for (const line of lines.push(chunk)) this.#take(line);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#lose(new BedError("vm-ended", "the test bed's command channel was closed"));
    });
  }

  /** Resolves with the kernel's boot id once the guest's agent answers; asks again, as a booting guest drops bytes. */
  async hello(now: () => number, timeoutMs: number): Promise<string> {
    const id = this.#nextId++;
    const answer = this.#ask(id, (message) => (message.op === "ready" ? message.boot : undefined));
    // The newline ends whatever half line an earlier client or a saved state has left in the guest.
    const ask = (): void => void this.#socket.write(`\n${encode({ op: "hello", id, now: now() })}`);
    ask();
    const again = setInterval(ask, 2000);
    try {
      return await within(answer, timeoutMs, "the guest's agent to answer");
    } finally {
      clearInterval(again);
      this.#listeners.delete(id);
    }
  }

  /** Starts a bash command; the caller bounds the wait for its result. */
  start(command: string, stdin: Uint8Array = Buffer.alloc(0)): RunningCommand {
    const id = this.#nextId++;
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const result = this.#ask(id, (message) => {
      if (message.op === "out") (message.stream === 1 ? out : err).push(Buffer.from(message.data, "base64"));
      if (message.op !== "exit") return undefined;
      return { code: message.code, stdout: Buffer.concat(out), stderr: Buffer.concat(err) };
    });
    this.#send({ op: "run", id, command, stdin: Buffer.from(stdin).toString("base64") });
    return {
      result,
      kill: (signal) => {
        this.#send({ op: "kill", id, signal });
      },
    };
  }

  /** Writes a whole file (parent folders are made) by renaming, so that no reader sees half of it. */
  async writeFile(path: string, data: Uint8Array, mode: number): Promise<void> {
    const id = this.#nextId++;
    const done = this.#ask(id, (message) => (message.op === "done" ? true : undefined));
    this.#send({ op: "write", id, path, mode, data: Buffer.from(data).toString("base64") });
    await within(done, 60_000, `the guest to write ${path}`);
  }

  /** A connection to `unix:PATH` or `tcp:PORT` (loopback) in the guest. */
  async connect(address: string, timeoutMs: number): Promise<Duplex> {
    const id = this.#nextId++;
    const connected = new Promise<Duplex>((resolve, reject) => {
      const stream = this.#streamOf(id, {
        take: (message) => {
          if (message.op === "done") resolve(stream);
          if (message.op === "fail")
            reject(new BedError("guest", `the guest cannot connect: ${message.text}`));
        },
        lost: reject,
      });
    });
    this.#send({ op: "connect", id, address });
    return await within(connected, timeoutMs, `the guest to connect to ${address}`);
  }

  /** Has the guest listen on a port of its loopback until it is booted anew; `accepted` gets each connection to it. */
  async listen(port: number, accepted: (stream: Duplex) => void): Promise<void> {
    const id = this.#nextId++;
    const listening = new Promise<void>((resolve, reject) => {
      this.#listeners.set(id, {
        take: (message) => {
          if (message.op === "done") resolve();
          if (message.op === "fail")
            reject(new BedError("guest", `the guest cannot listen: ${message.text}`));
          if (message.op === "accepted") accepted(this.#streamOf(message.connection));
        },
        lost: reject,
      });
    });
    this.#send({ op: "listen", id, port });
    await within(listening, 60_000, `the guest to listen on port ${port}`);
  }

  /** Takes what is said of a connection from the start: its first bytes may come in the same chunk as its beginning. */
  #streamOf(id: number, also?: Listener): GuestStream {
    const stream = new GuestStream((message, sent) => this.#socket.write(encode({ ...message, id }), sent));
    this.#listeners.set(id, {
      take: (message) => {
        also?.take(message);
        stream.receive(message);
        if (message.op === "end") this.#listeners.delete(id);
      },
      lost: (error) => {
        also?.lost(error);
        stream.destroy();
      },
    });
    return stream;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** To be called once the guest has booted anew: of what it was asked before, and of its connections, it knows nothing. */
  forsake(): void {
    this.#fail(new BedError("guest", "the guest was booted anew"));
  }

  /** Settles with the first value that `pick` returns, with the guest's refusal, or when the channel is lost. */
  #ask<T>(id: number, pick: (message: Message) => T | undefined): Promise<T> {
    const answer = new Promise<T>((resolve, reject) => {
      const settle = (act: () => void): void => {
        this.#listeners.delete(id);
        act();
      };
      this.#listeners.set(id, {
        take: (message) => {
          if (message.op === "fail") {
            settle(() => {
              reject(new BedError("guest", `the guest refused: ${message.text}`));
            });
            return;
          }
          const value = pick(message);
          if (value !== undefined)
            settle(() => {
              resolve(value);
            });
        },
        lost: (error) => {
          settle(() => {
            reject(error);
          });
        },
      });
    });
    // A caller may look at it late (a command in the background) or, when the VM is stopped, never.
    answer.catch(() => undefined);
    if (this.#lost) this.#listeners.get(id)?.lost(this.#lost);
    return answer;
  }

  #send(message: Message): void {
    if (!this.#lost) this.#socket.write(encode(message));
  }

  #take(line: string): void {
    const message = decode(line);
    if (message) this.#listeners.get(message.id)?.take(message);
  }

  #lose(error: BedError): void {
    this.#lost = error;
    this.#fail(error);
  }

  #fail(error: BedError): void {
    for (const listener of [...this.#listeners.values()]) listener.lost(error);
    this.#listeners.clear();
  }
}
