// Stands before the libvirt daemon and can make it deaf or gone, which the daemon itself cannot play.
import net from "node:net";
import { unlink } from "node:fs/promises";
import { listenOn } from "../../hostd/protocol/listen.ts";

export type GateState =
  | "open"
  /** Connections are taken, nothing passes in either direction: a daemon that is stopped. */
  | "deaf"
  /** Nobody listens, connections are cut: a daemon that was killed. */
  | "gone";

export class Gate {
  readonly #path: string;
  readonly #inner: string;
  readonly #pairs = new Set<readonly [net.Socket, net.Socket]>();
  #server: net.Server | undefined;
  #state: GateState = "gone";
  #change: Promise<void> = Promise.resolve();

  /** Listens at `path` for a daemon that listens at `inner`. */
  constructor(path: string, inner: string) {
    this.#path = path;
    this.#inner = inner;
  }

  /** Changes one after the other; resolves when this one is in effect. */
  async set(state: GateState): Promise<void> {
    const change = this.#change.then(() => this.#apply(state));
    // One that failed is its caller's to know; the next is tried all the same.
    this.#change = change.catch(() => undefined);
    await change;
  }

  /** Cuts every connection; new ones are served. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
  }

  async #apply(state: GateState): Promise<void> {
    if (state === this.#state) return;
    if (state === "gone") {
      this.#state = state;
      await this.#close();
      return;
    }
    this.#server ??= await this.#listen();
    this.#state = state;
    for (const pair of this.#pairs) this.#flow(pair);
  }

  async #listen(): Promise<net.Server> {
    const server = net.createServer((client) => {
      this.#join(client);
    });
    await listenOn(server, { path: this.#path });
    return server;
  }

  async #close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.cut();
    await new Promise<void>((resolve) => {
      if (server === undefined) resolve();
      else
        server.close(() => {
          resolve();
        });
    });
    await unlink(this.#path).catch(() => undefined);
  }

  #join(client: net.Socket): void {
    const daemon = net.connect(this.#inner);
    const pair = [client, daemon] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [daemon, client] as const]) {
      from.on("error", () => undefined);
      from.on("data", (chunk: Buffer) => {
        if (!to.write(chunk)) from.pause();
      });
      to.on("drain", () => {
        this.#flow(pair);
      });
      from.on("close", () => {
        this.#pairs.delete(pair);
        to.destroySoon();
      });
    }
    this.#flow(pair);
  }

  #flow(pair: readonly [net.Socket, net.Socket]): void {
    for (const socket of pair) {
      if (this.#state === "open") socket.resume();
      else socket.pause();
    }
  }
}
