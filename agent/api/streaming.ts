// Turns a source of messages into a grpc-js handler of a method that streams to its caller: it reads no faster than the
// client does, and ends it whatever ends the call.
import { status, type handleServerStreamingCall, type ServerWritableStream } from "@grpc/grpc-js";
import { AgentError } from "../core/errors.ts";
import type { CallRecord } from "./call-record.ts";
import type { RunningCalls } from "./running-calls.ts";
import { toStatus } from "./status.ts";
import { readRequest, type Answering, type Asked } from "./unary.ts";

/** What a stream is made of. */
interface Source {
  /** The next message as bytes; undefined when there is none for now. */
  next(): Buffer | undefined;
  /** Nobody reads it any more; called once. */
  close(): void;
}

/** The stream, as its source sees it. */
interface StreamReader {
  /** There may be something to read. */
  readonly wake: () => void;
  readonly end: (why: AgentError) => void;
}

export type Streaming<Request> = (request: Request, reader: StreamReader) => Source;

/** The sources that a generated service definition asks for, method by method. */
export type Streams<Service> = {
  readonly [Method in keyof Service]: Service[Method] extends {
    requestDeserialize: (bytes: Buffer) => infer Request;
  }
    ? Streaming<Request>
    : never;
};

/** Of bytes that were written to the transport and wait for the client. */
const MAX_WAITING_BYTES = 64 * 1024;

export function streaming(
  method: Asked<Streaming<unknown>>,
  { records, running }: Pick<Answering, "records" | "running">,
): handleServerStreamingCall<Buffer, Buffer> {
  return (call) => {
    const stream = new OpenStream(call, records.get(call.metadata));
    stream.open(method, running);
  };
}

class OpenStream {
  readonly #call: ServerWritableStream<Buffer, Buffer>;
  readonly #record: CallRecord | undefined;
  #source: Source | undefined;
  #leave = (): void => undefined;
  #waitingBytes = 0;
  #over = false;

  constructor(call: ServerWritableStream<Buffer, Buffer>, record: CallRecord | undefined) {
    this.#call = call;
    this.#record = record;
  }

  open(method: Asked<Streaming<unknown>>, running: RunningCalls): void {
    this.#record?.answering();
    this.#call.on("cancelled", () => {
      this.#close({ code: status.CANCELLED, details: "ended by the client" });
    });
    const end = (why: AgentError): void => {
      this.#fail(why);
    };
    try {
      const { request, handler } = readRequest(method, this.#call.request, this.#record);
      this.#leave = running.beginStream(this.#record?.begun.connection ?? 0, end);
      const wake = (): void => {
        this.#pump();
      };
      this.#source = handler(request, { wake, end });
      this.#pump();
    } catch (error) {
      this.#fail(error);
    }
  }

  #pump(): void {
    try {
      while (!this.#over && this.#waitingBytes < MAX_WAITING_BYTES) {
        const bytes = this.#source?.next();
        if (!bytes) return;
        this.#waitingBytes += bytes.length;
        this.#call.write(bytes, () => {
          this.#waitingBytes -= bytes.length;
          this.#pump();
        });
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(caught: unknown): void {
    if (this.#over) return;
    const error = AgentError.from(caught);
    const told = toStatus(error);
    this.#record?.failedFor(error.reason);
    this.#close(told);
    // Behind what waits: a client that does not read does not hear of it either, and keeps no more than that.
    this.#call.emit("error", told);
  }

  #close(told: { readonly code: status; readonly details: string }): void {
    if (this.#over) return;
    this.#over = true;
    this.#source?.close();
    this.#leave();
    this.#record?.ended(told);
    this.#record?.done();
  }
}
