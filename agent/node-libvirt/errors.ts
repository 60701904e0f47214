// What a call can end with: the daemon's own error, a lost connection, a passed deadline, the caller's own abort.
import type { VirNetMessageError } from "./remote.gen.ts";

/**
 * What is known of a call that got no reply. `not-sent`: the daemon never saw it. `unknown`: it may have been, or may
 * still be, carried out; look the object up before deciding.
 */
export type Outcome = "not-sent" | "unknown";

/** Why a connection is not there. */
export type LostReason =
  | "no-socket"
  | "socket-refused"
  | "connect-failed"
  | "auth-refused"
  | "unsupported-daemon"
  | "open-failed"
  | "closed-by-peer"
  | "closed-by-us"
  | "keepalive"
  | "bad-frame";

export interface LibvirtErrorFields {
  /** virErrorNumber, for example 42 for a domain that does not exist; see `ErrorNumber`. */
  readonly code: number;
  /** The driver that reports (virErrorDomain), for example 10 for QEMU. */
  readonly domain: number;
  /** 1 a warning, 2 an error (virErrorLevel). */
  readonly level: number;
  readonly message: string;
  readonly str1?: string | undefined;
  readonly str2?: string | undefined;
  readonly str3?: string | undefined;
  readonly int1?: number;
  readonly int2?: number;
}

/** The daemon answered the call with an error: the object that virGetLastError() gives a C program, of this very call. */
export class LibvirtError extends Error {
  override readonly name = "LibvirtError";
  readonly code: number;
  readonly domain: number;
  readonly level: number;
  readonly str1: string | undefined;
  readonly str2: string | undefined;
  readonly str3: string | undefined;
  readonly int1: number;
  readonly int2: number;
  /** The procedure that failed, as the protocol names it; empty when a server makes the error. */
  readonly procedure: string;

  constructor(fields: LibvirtErrorFields, procedure = "") {
    super(fields.message);
    this.code = fields.code;
    this.domain = fields.domain;
    this.level = fields.level;
    this.str1 = fields.str1;
    this.str2 = fields.str2;
    this.str3 = fields.str3;
    this.int1 = fields.int1 ?? -1;
    this.int2 = fields.int2 ?? -1;
    this.procedure = procedure;
  }

  static fromWire(body: VirNetMessageError, procedure: string): LibvirtError {
    const { code, domain, level, int1, int2 } = body;
    const message = body.message ?? `libvirt error ${code} without a message`;
    const strings = {
      str1: body.str1 ?? undefined,
      str2: body.str2 ?? undefined,
      str3: body.str3 ?? undefined,
    };
    return new LibvirtError({ code, domain, level, message, int1, int2, ...strings }, procedure);
  }

  toWire(): VirNetMessageError {
    return {
      code: this.code,
      domain: this.domain,
      message: this.message,
      level: this.level,
      dom: null,
      str1: this.str1 ?? null,
      str2: this.str2 ?? null,
      str3: this.str3 ?? null,
      int1: this.int1,
      int2: this.int2,
      net: null,
    };
  }
}

/** The connection is gone or could not be made. */
export class ConnectionLostError extends Error {
  override readonly name = "ConnectionLostError";
  readonly reason: LostReason;
  /** Of the call that is rejected with it; `not-sent` where no call is concerned. */
  readonly outcome: Outcome;

  constructor(reason: LostReason, message: string, options: { cause?: unknown; outcome?: Outcome } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.reason = reason;
    this.outcome = options.outcome ?? "not-sent";
  }

  /** The same loss as one of the calls that were open sees it. */
  forCall(procedure: string, outcome: Outcome): ConnectionLostError {
    const message = `${procedure}: connection lost, ${this.message}`;
    return new ConnectionLostError(this.reason, message, { cause: this, outcome });
  }
}

/** No reply before the call's deadline. The connection stays; a late reply is dropped. */
export class CallTimeoutError extends Error {
  override readonly name = "CallTimeoutError";
  readonly procedure: string;
  readonly timeoutMs: number;
  readonly outcome: Outcome;

  constructor(procedure: string, timeoutMs: number, outcome: Outcome) {
    const where =
      outcome === "unknown" ? "the daemon may still carry it out" : "it was still waiting to be sent";
    super(`${procedure}: no reply in ${timeoutMs} ms, ${where}`);
    this.procedure = procedure;
    this.timeoutMs = timeoutMs;
    this.outcome = outcome;
  }
}

/** The caller's signal was aborted; its reason is the `cause`. The connection stays; a late reply is dropped. */
export class CallAbortedError extends Error {
  override readonly name = "CallAbortedError";
  readonly procedure: string;
  readonly outcome: Outcome;

  constructor(procedure: string, outcome: Outcome, cause: unknown) {
    super(`${procedure}: aborted by the caller`, { cause });
    this.procedure = procedure;
    this.outcome = outcome;
  }
}

/** The message of anything caught. */
export function messageOf(caught: unknown): string {
  return caught instanceof Error ? caught.message : String(caught);
}
