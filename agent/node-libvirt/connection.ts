// One connection to one libvirt daemon over its UNIX socket: open, call, listen, close.
import { type Socket, connect } from "node:net";

import { authenticate } from "./auth.ts";
import { CallTable, type Reply } from "./calls.ts";
import { CallAbortedError, ConnectionLostError, LibvirtError, messageOf } from "./errors.ts";
import {
  KEEPALIVE_PROGRAM,
  KeepAlive,
  type KeepAliveOptions,
  keepAliveAnswer,
  pingMessage,
} from "./keepalive.ts";
import {
  Framing,
  type MessageHeader,
  MessageStatus,
  MessageType,
  decodeHeader,
  encodeMessage,
} from "./message.ts";
import type { Procedure, RemoteEvent } from "./procedure.ts";
import { REMOTE_PROGRAM, REMOTE_VERSION, errorCodec, procedures } from "./remote.gen.ts";
import { XdrDecoder, XdrError } from "./xdr.ts";

// Features a client asks about (libvirt: src/libvirt_internal.h, virDrvFeature).
const FEATURE_KEEPALIVE = 10;
const FEATURE_EVENT_CALLBACK = 14;
// VIR_CONNECT_RO: the daemon refuses whatever changes something.
const OPEN_READONLY = 1;

/**
 * A daemon stops reading from a client that has max_client_requests (5 by default) calls open, keepalives included,
 * and then both sides believe the other dead. One less leaves room.
 */
const MAX_IN_FLIGHT = 4;

export interface ConnectionOptions {
  /** Path of the daemon's UNIX socket; see `findSocket`. */
  readonly socket: string;
  /** For example `qemu:///system`, `xen:///system`, `test:///default`. */
  readonly uri: string;
  /** Ask the daemon to refuse changes on this connection. */
  readonly readonly?: boolean;
  /** Deadline of opening as a whole, default 10 000. */
  readonly openTimeoutMs?: number;
  /** Deadline of a call that names none, default 30 000. */
  readonly callTimeoutMs?: number;
  /** Default: every 5000 ms of silence, dead after 5; false for none. */
  readonly keepAlive?: KeepAliveOptions | false;
  /** Ends opening; has no effect afterwards. */
  readonly signal?: AbortSignal;
}

export interface CallOptions {
  /** Milliseconds until the call is given up, time in the queue included. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ConnectionCounters {
  readonly calls: number;
  readonly events: number;
  /** Messages of a program, type or event not known here: counted, ignored. */
  readonly unknown: number;
  readonly pingsSent: number;
  readonly pingsAnswered: number;
}

export class Connection {
  /** Settles, never rejects, when the connection is gone, whoever ended it. */
  readonly lost: Promise<ConnectionLostError>;
  readonly #socket: Socket;
  readonly #calls: CallTable;
  readonly #framing = new Framing();
  readonly #routes = new Map<number, Set<(body: Buffer) => void>>();
  readonly #counters = { calls: 0, events: 0, unknown: 0, pingsSent: 0, pingsAnswered: 0 };
  readonly #callTimeoutMs: number;
  #tellLost: (loss: ConnectionLostError) => void = () => undefined;
  #loss: ConnectionLostError | undefined;
  #keepAlive: KeepAlive | undefined;

  private constructor(socket: Socket, callTimeoutMs: number) {
    this.#socket = socket;
    this.#callTimeoutMs = callTimeoutMs;
    this.lost = new Promise((resolve) => (this.#tellLost = resolve));
    this.#calls = new CallTable(MAX_IN_FLIGHT, (message) => {
      this.#counters.calls += 1;
      socket.write(message);
    });
    socket.on("data", (chunk: Buffer) => {
      this.#receive(chunk);
    });
    socket.on("error", (cause) => {
      this.#fail(new ConnectionLostError("closed-by-peer", `the socket failed: ${cause.message}`, { cause }));
    });
    socket.on("close", () => {
      this.#fail(new ConnectionLostError("closed-by-peer", "the daemon closed the connection"));
    });
  }

  /**
   * Connects, authenticates, agrees on keepalive and opens the URI. Rejects with ConnectionLostError, or with the
   * LibvirtError with which the daemon refused (no such driver, polkit says no).
   */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const timeout = AbortSignal.timeout(openTimeoutMs(options));
    // eslint-disable-next-line no-restricted-syntax -- it is named below, at the end of all that waits for it
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    const socket = await connectSocket(options, signal);
    const connection = new Connection(socket, options.callTimeoutMs ?? 30_000);
    try {
      await connection.#handshake(options, signal);
      return connection;
    } catch (caught) {
      // Named here, it is there until then: what is made of both holds it weakly.
      const loss = openFailure(options, timeout.aborted ? timeout : signal, caught);
      connection.#fail(loss);
      throw caught instanceof LibvirtError ? caught : loss;
    }
  }

  get counters(): ConnectionCounters {
    return { ...this.#counters };
  }

  /** Calls with the daemon and calls that wait for their turn. */
  get load(): { readonly inFlight: number; readonly waiting: number } {
    return { inFlight: this.#calls.inFlight, waiting: this.#calls.waiting };
  }

  /**
   * One call. At most four are with the daemon at a time, later ones wait their turn in order. Rejects with
   * LibvirtError, ConnectionLostError, CallTimeoutError, CallAbortedError; XdrError when the arguments do not fit.
   */
  call<Args, Ret>(procedure: Procedure<Args, Ret>, args: Args, options: CallOptions = {}): Promise<Ret> {
    return this.#calls.start({
      procedure: procedure.number,
      name: procedure.name,
      timeoutMs: options.timeoutMs ?? this.#callTimeoutMs,
      signal: options.signal,
      encode: (serial) => encodeCall(procedure, args, serial),
      decode: (header, body) => decodeReply(procedure, header, body),
    });
  }

  /** Hears an event, once the daemon was asked to send it. Returns what ends the listening. */
  on<Message>(event: RemoteEvent<Message>, listener: (message: Message) => void): () => void {
    const route = (body: Buffer): void => {
      const decoder = new XdrDecoder(body);
      const message = event.message.decode(decoder);
      decoder.end();
      // A listener that throws is its owner's fault and not the connection's: it must not be taken for a bad frame.
      queueMicrotask(() => {
        if (routes.has(route)) listener(message);
      });
    };
    const routes = this.#routes.get(event.number) ?? new Set();
    this.#routes.set(event.number, routes.add(route));
    return () => {
      routes.delete(route);
    };
  }

  /** Says good-bye to the daemon (at most 2 s) and closes. Calls still open are rejected. Never rejects. */
  async close(): Promise<void> {
    if (!this.#loss) {
      await this.call(procedures.connectClose, undefined, { timeoutMs: 2000 }).catch(() => undefined);
    }
    this.destroy();
  }

  /** Closes at once. */
  destroy(): void {
    this.#fail(new ConnectionLostError("closed-by-us", "closed by us"));
  }

  async #handshake(options: ConnectionOptions, signal: AbortSignal): Promise<void> {
    const call = <Args, Ret>(procedure: Procedure<Args, Ret>, args: Args): Promise<Ret> =>
      this.call(procedure, args, { signal });
    await authenticate(call);
    const keepAlive = options.keepAlive ?? { intervalMs: 5000, count: 5 };
    if (keepAlive !== false) {
      // From this question on the daemon pings us as well, so it is asked only when pings are wanted.
      const { supported } = await call(procedures.connectSupportsFeature, { feature: FEATURE_KEEPALIVE });
      if (supported === 1) this.#startKeepAlive(keepAlive);
    }
    const flags = options.readonly === true ? OPEN_READONLY : 0;
    await call(procedures.connectOpen, { name: options.uri, flags });
    const { supported } = await call(procedures.connectSupportsFeature, { feature: FEATURE_EVENT_CALLBACK });
    if (supported !== 1) {
      throw new ConnectionLostError("unsupported-daemon", "the daemon is too old: no event callbacks");
    }
  }

  #startKeepAlive(options: KeepAliveOptions): void {
    if (this.#loss) return;
    this.#keepAlive = new KeepAlive(options, {
      ping: () => {
        this.#counters.pingsSent += 1;
        this.#socket.write(pingMessage());
      },
      dead: () => {
        const silence = options.intervalMs * (options.count + 1);
        const text = `the daemon was silent for ${silence} ms, ${options.count} pings unanswered`;
        this.#fail(new ConnectionLostError("keepalive", text));
      },
    });
  }

  #receive(chunk: Buffer): void {
    this.#keepAlive?.heard();
    try {
      for (const message of this.#framing.push(chunk)) {
        if (this.#loss) return;
        this.#dispatch(message);
      }
    } catch (cause) {
      this.#fail(
        new ConnectionLostError("bad-frame", `the daemon broke the protocol: ${messageOf(cause)}`, { cause }),
      );
    }
  }

  #dispatch(message: Buffer): void {
    const body = new XdrDecoder(message);
    const header = decodeHeader(body);
    if (header.program === KEEPALIVE_PROGRAM) {
      const answer = keepAliveAnswer(header);
      if (!answer) return;
      this.#counters.pingsAnswered += 1;
      this.#socket.write(answer);
    } else if (header.program !== REMOTE_PROGRAM || header.version !== REMOTE_VERSION) {
      this.#counters.unknown += 1;
    } else if (header.type === MessageType.reply) {
      this.#calls.settle(header, body);
    } else if (header.type === MessageType.event) {
      this.#deliver(header.procedure, message.subarray(message.length - body.left));
    } else {
      this.#counters.unknown += 1;
    }
  }

  #deliver(event: number, body: Buffer): void {
    const routes = this.#routes.get(event);
    if (!routes) {
      this.#counters.unknown += 1;
      return;
    }
    this.#counters.events += 1;
    for (const route of routes) route(body);
  }

  #fail(loss: ConnectionLostError): void {
    if (this.#loss) return;
    this.#loss = loss;
    this.#keepAlive?.stop();
    this.#socket.destroy();
    this.#calls.fail(loss);
    this.#routes.clear();
    this.#tellLost(loss);
  }
}

function openTimeoutMs(options: ConnectionOptions): number {
  return options.openTimeoutMs ?? 10_000;
}

function connectSocket(options: ConnectionOptions, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: options.socket });
    const fail = (cause: unknown): void => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      const text = `cannot connect to ${options.socket}: ${whyNotConnected(cause, options)}`;
      reject(new ConnectionLostError("connect-failed", text, { cause }));
    };
    const onAbort = (): void => {
      fail(signal.reason);
    };
    socket.once("error", fail);
    socket.once("connect", () => {
      socket.removeListener("error", fail);
      signal.removeEventListener("abort", onAbort);
      resolve(socket);
    });
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

function whyNotConnected(cause: unknown, options: ConnectionOptions): string {
  if (isTimeout(cause)) return `no connection in ${openTimeoutMs(options)} ms`;
  // Connections wait with the kernel: a daemon that is stuck has them until there are too many.
  const isFull = cause instanceof Error && "code" in cause && cause.code === "EAGAIN";
  return isFull ? "as many connections wait there as may, and the daemon takes none" : messageOf(cause);
}

function openFailure(options: ConnectionOptions, signal: AbortSignal, caught: unknown): ConnectionLostError {
  if (caught instanceof ConnectionLostError) return caught;
  // A call that the deadline of opening ended says only that it was aborted.
  const cause: unknown = signal.aborted ? signal.reason : caught;
  const why = isTimeout(cause) ? whyLate(caught, options) : messageOf(cause);
  const text = `cannot open ${options.uri} at ${options.socket}: ${why}`;
  return new ConnectionLostError("open-failed", text, { cause });
}

function isTimeout(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === "TimeoutError";
}

/** To be connected says nothing of the daemon, which may not have noticed; to have answered the first question does. */
function whyLate(caught: unknown, options: ConnectionOptions): string {
  const unanswered = caught instanceof CallAbortedError ? caught.procedure : procedures.authList.name;
  const said =
    unanswered === procedures.authList.name
      ? "connected, and nothing was answered"
      : `the daemon answers, but not ${unanswered}`;
  return `${said} in ${openTimeoutMs(options)} ms`;
}

function encodeCall<Args, Ret>(procedure: Procedure<Args, Ret>, args: Args, serial: number): Buffer {
  const header = {
    program: REMOTE_PROGRAM,
    version: REMOTE_VERSION,
    procedure: procedure.number,
    type: MessageType.call,
    serial,
    status: MessageStatus.ok,
  };
  return encodeMessage(header, (encoder) => {
    procedure.args.encode(encoder, args);
  });
}

function decodeReply<Args, Ret>(
  procedure: Procedure<Args, Ret>,
  header: MessageHeader,
  body: XdrDecoder,
): Reply<Ret> {
  const reply: Reply<Ret> = (() => {
    if (header.status === MessageStatus.ok) return { ok: true, value: procedure.ret.decode(body) };
    if (header.status !== MessageStatus.error) throw new XdrError(`reply status ${header.status}`);
    return { ok: false, error: LibvirtError.fromWire(errorCodec.decode(body), procedure.name) };
  })();
  body.end();
  return reply;
}
