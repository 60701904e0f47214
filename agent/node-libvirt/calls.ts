// The calls of one connection: how many may be open at once, their deadlines, and which reply is whose.
import { CallAbortedError, CallTimeoutError, type ConnectionLostError, type Outcome } from "./errors.ts";
import type { MessageHeader } from "./message.ts";
import { type XdrDecoder, XdrError } from "./xdr.ts";

/** What a reply says: the value, or the daemon's error. */
export type Reply<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Error };

export interface NewCall<T> {
  readonly procedure: number;
  readonly name: string;
  /** Milliseconds until the call is given up, time in the queue included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  /** The message under that serial; may throw, which rejects the call alone. */
  readonly encode: (serial: number) => Buffer;
  /** Throws XdrError at bad bytes, which must cost the connection. */
  readonly decode: (header: MessageHeader, body: XdrDecoder) => Reply<T>;
}

interface Ticket {
  readonly serial: number;
  readonly procedure: number;
  readonly name: string;
  readonly message: Buffer;
  /** Decodes at once and gives what settles the promise later. */
  readonly accept: (header: MessageHeader, body: XdrDecoder) => () => void;
  readonly reject: (error: Error) => void;
  /** Ends timer and listener. */
  readonly release: () => void;
}

// Beyond it node's timers fire at once instead of late.
const MAX_TIMER_MS = 0x7fff_ffff;

/**
 * At most `maxInFlight` calls are with the daemon, the others wait here in order. A call that was given up keeps its
 * place until the daemon has answered: the daemon is still busy with it, and counts it.
 */
export class CallTable {
  readonly #maxInFlight: number;
  readonly #write: (message: Buffer) => void;
  readonly #open = new Map<number, Ticket>();
  readonly #abandoned = new Map<number, number>();
  readonly #waiting = new Map<number, Ticket>();
  #lastSerial = 0;
  #loss: ConnectionLostError | undefined;

  constructor(maxInFlight: number, write: (message: Buffer) => void) {
    this.#maxInFlight = maxInFlight;
    this.#write = write;
  }

  /** Calls with the daemon, given-up ones included. */
  get inFlight(): number {
    return this.#open.size + this.#abandoned.size;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  start<T>(call: NewCall<T>): Promise<T> {
    if (this.#loss) return Promise.reject(this.#loss.forCall(call.name, "not-sent"));
    if (call.signal?.aborted === true) {
      return Promise.reject(new CallAbortedError(call.name, "not-sent", call.signal.reason));
    }
    return new Promise<T>((resolve, reject) => {
      const serial = this.#nextSerial();
      const message = call.encode(serial);
      const release = this.#limit(serial, call);
      const accept = (header: MessageHeader, body: XdrDecoder): (() => void) => {
        const reply = call.decode(header, body);
        return () => {
          if (reply.ok) resolve(reply.value);
          else reject(reply.error);
        };
      };
      const { procedure, name } = call;
      this.#waiting.set(serial, { serial, procedure, name, message, accept, reject, release });
      this.#sendWaiting();
    });
  }

  /** Settles the call that a reply answers. Throws XdrError when there is none or the body is bad. */
  settle(header: MessageHeader, body: XdrDecoder): void {
    const ticket = this.#open.get(header.serial);
    const procedure = ticket?.procedure ?? this.#abandoned.get(header.serial);
    if (procedure === undefined) throw new XdrError(`reply to a call never made, serial ${header.serial}`);
    if (procedure !== header.procedure) {
      throw new XdrError(`reply to procedure ${procedure} names ${header.procedure}`);
    }
    // The call is still in the table while its body is read: when that throws, fail() finds and rejects it.
    const settle = ticket?.accept(header, body);
    this.#open.delete(header.serial);
    this.#abandoned.delete(header.serial);
    ticket?.release();
    settle?.();
    this.#sendWaiting();
  }

  /** Rejects every call, and all that come later. */
  fail(loss: ConnectionLostError): void {
    this.#loss = loss;
    const open = [...this.#open.values()];
    const waiting = [...this.#waiting.values()];
    this.#open.clear();
    this.#abandoned.clear();
    this.#waiting.clear();
    for (const ticket of [...open, ...waiting]) ticket.release();
    for (const ticket of open) ticket.reject(loss.forCall(ticket.name, "unknown"));
    for (const ticket of waiting) ticket.reject(loss.forCall(ticket.name, "not-sent"));
  }

  #limit<T>(serial: number, call: NewCall<T>): () => void {
    const { name, timeoutMs, signal } = call;
    const giveUp = (error: (outcome: Outcome) => Error): void => {
      const ticket = this.#open.get(serial);
      if (ticket) this.#abandoned.set(serial, ticket.procedure);
      const given = ticket ?? this.#waiting.get(serial);
      this.#open.delete(serial);
      this.#waiting.delete(serial);
      given?.release();
      given?.reject(error(ticket ? "unknown" : "not-sent"));
    };
    const timer = setTimeout(
      () => {
        giveUp((outcome) => new CallTimeoutError(name, timeoutMs, outcome));
      },
      Math.min(timeoutMs, MAX_TIMER_MS),
    );
    const onAbort = (): void => {
      giveUp((outcome) => new CallAbortedError(name, outcome, signal?.reason));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    return () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    };
  }

  #sendWaiting(): void {
    for (const ticket of this.#waiting.values()) {
      if (this.inFlight >= this.#maxInFlight) return;
      this.#waiting.delete(ticket.serial);
      this.#open.set(ticket.serial, ticket);
      this.#write(ticket.message);
    }
  }

  #nextSerial(): number {
    do this.#lastSerial = this.#lastSerial >= 0xffff_ffff ? 1 : this.#lastSerial + 1;
    while (this.#open.has(this.#lastSerial) || this.#abandoned.has(this.#lastSerial));
    return this.#lastSerial;
  }
}
