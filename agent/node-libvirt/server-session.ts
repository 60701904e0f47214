// One client of the server half: its messages in, replies and events out.
import type { Socket } from "node:net";

import { ErrorLevel, ErrorNumber, ErrorSource } from "./constants.ts";
import { LibvirtError, messageOf } from "./errors.ts";
import { KEEPALIVE_PROGRAM, keepAliveAnswer, pingMessage } from "./keepalive.ts";
import {
  Framing,
  type MessageHeader,
  MessageStatus,
  MessageType,
  decodeHeader,
  encodeMessage,
} from "./message.ts";
import type { RemoteEvent } from "./procedure.ts";
import { REMOTE_PROGRAM, REMOTE_VERSION, errorCodec } from "./remote.gen.ts";
import { XdrDecoder, type XdrEncoder, XdrError } from "./xdr.ts";

/** How one procedure is answered: reads the arguments, works, and gives what writes the reply. */
export type Route = (body: XdrDecoder, session: ServerSession) => Promise<(encoder: XdrEncoder) => void>;

export interface SessionOptions {
  readonly routes: ReadonlyMap<number, { readonly name: string; readonly route: Route | undefined }>;
  /** Calls worked on at once; the socket is not read meanwhile, as libvirtd does at max_client_requests. */
  readonly maxRequests: number;
  /** Told of what a handler threw that is no LibvirtError: a fault of the server. */
  readonly onFault: (fault: unknown) => void;
}

export class ServerSession {
  /** Settles when the client has gone. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #options: SessionOptions;
  readonly #framing = new Framing();
  readonly #backlog: Buffer[] = [];
  #working = 0;
  #pongs = 0;

  constructor(socket: Socket, options: SessionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        resolve();
      });
    });
    // A client that vanishes is no fault of ours; "close" follows.
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      this.#receive(chunk);
    });
  }

  /** Answers to `ping` so far. */
  get pongs(): number {
    return this.#pongs;
  }

  /** Asks the client for a sign of life. */
  ping(): void {
    this.#socket.write(pingMessage());
  }

  send<Message>(event: RemoteEvent<Message>, message: Message): void {
    const header = { program: REMOTE_PROGRAM, version: REMOTE_VERSION, procedure: event.number };
    this.#write({ ...header, type: MessageType.event, serial: 1, status: MessageStatus.ok }, (encoder) => {
      event.message.encode(encoder, message);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    try {
      this.#backlog.push(...this.#framing.push(chunk));
    } catch {
      this.close();
    }
    this.#work();
  }

  #work(): void {
    try {
      while (
        this.#backlog.length > 0 &&
        this.#working < this.#options.maxRequests &&
        !this.#socket.destroyed
      ) {
        const message = this.#backlog.shift();
        if (message) this.#dispatch(message);
      }
    } catch {
      // libvirtd too drops a client that breaks the protocol, without a word.
      this.close();
    }
    if (this.#working >= this.#options.maxRequests) this.#socket.pause();
    else this.#socket.resume();
  }

  #dispatch(message: Buffer): void {
    const body = new XdrDecoder(message);
    const header = decodeHeader(body);
    if (header.program === KEEPALIVE_PROGRAM) {
      const answer = keepAliveAnswer(header);
      if (answer) this.#socket.write(answer);
      else this.#pongs += 1;
      return;
    }
    if (header.type !== MessageType.call) throw new XdrError(`message type ${header.type} is not a call`);
    this.#working += 1;
    void this.#answer(header, body).then(
      () => {
        this.#working -= 1;
        this.#work();
      },
      // Not even the error could be encoded.
      () => {
        this.close();
      },
    );
  }

  async #answer(header: MessageHeader, body: XdrDecoder): Promise<void> {
    // In the name of the program that was called: a client ends the connection at an answer of another.
    const { program, version, procedure, serial } = header;
    const answer = { program, version, procedure, type: MessageType.reply, serial };
    try {
      const write = await this.#run(header, body);
      this.#write({ ...answer, status: MessageStatus.ok }, write);
    } catch (caught) {
      const error = this.#asLibvirtError(caught);
      this.#write({ ...answer, status: MessageStatus.error }, (encoder) => {
        errorCodec.encode(encoder, error.toWire());
      });
    }
  }

  #run(header: MessageHeader, body: XdrDecoder): ReturnType<Route> {
    if (header.program !== REMOTE_PROGRAM || header.version !== REMOTE_VERSION) {
      throw refusal(
        ErrorNumber.rpc,
        ErrorSource.rpc,
        `Cannot find program ${header.program} version ${header.version}`,
      );
    }
    const found = this.#options.routes.get(header.procedure);
    if (!found) throw refusal(ErrorNumber.rpc, ErrorSource.rpc, `unknown procedure: ${header.procedure}`);
    if (!found.route) {
      const text = `this function is not supported by the connection driver: ${found.name}`;
      throw refusal(ErrorNumber.noSupport, ErrorSource.none, text);
    }
    return found.route(body, this);
  }

  #asLibvirtError(caught: unknown): LibvirtError {
    if (caught instanceof LibvirtError) return caught;
    if (!(caught instanceof XdrError)) this.#options.onFault(caught);
    return refusal(ErrorNumber.internal, ErrorSource.remote, `internal error: ${messageOf(caught)}`);
  }

  #write(header: MessageHeader, body: (encoder: XdrEncoder) => void): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(encodeMessage(header, body));
  }
}

function refusal(code: number, domain: number, message: string): LibvirtError {
  return new LibvirtError({ code, domain, level: ErrorLevel.error, message, str1: message });
}
