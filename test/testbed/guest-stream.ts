// One connection into the guest as a stream, so that `pipe` and `pipeline` work on it.
import { Duplex } from "node:stream";
import type { Message } from "./protocol.ts";

type Outgoing = { readonly op: "data"; readonly data: string } | { readonly op: "end" };

export class GuestStream extends Duplex {
  readonly #send: (message: Outgoing, sent: (error?: Error | null) => void) => void;

  /** `send` calls back when the bytes have left, which is what slows a fast writer down. */
  constructor(send: (message: Outgoing, sent: (error?: Error | null) => void) => void) {
    super();
    this.#send = send;
  }

  /** What the guest said about this connection. */
  receive(message: Message): void {
    if (message.op === "data") this.push(Buffer.from(message.data, "base64"));
    else if (message.op === "end") this.push(null);
    else if (message.op === "fail") this.destroy();
  }

  override _read(): void {
    // The guest sends as it reads; the stream's buffer takes it.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#send({ op: "data", data: chunk.toString("base64") }, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#send({ op: "end" }, callback);
  }

  /** Who is there at the other end hears of the end also when nobody here takes or gives any more. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.writableEnded) this.#send({ op: "end" }, () => undefined);
    callback(error);
  }
}
