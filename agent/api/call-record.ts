// One call from its headers to its end: gathers what its line in the log says, and tells it once.
import { status, type Metadata } from "@grpc/grpc-js";
import type { Reason } from "../core/reasons.ts";
import { parseTraceparent, type TraceContext } from "../core/trace.ts";
import { legible, merged, type About } from "./about.ts";
import type { Access, RemoteClient, SocketName } from "./access.ts";

/** Of what the caller was told: as much as is sent, of texts that the transport makes from headers too. */
const MAX_MESSAGE_BYTES = 1_000;

/** What is known of a call when it begins. */
export interface BegunCall {
  /** The socket that the call came in by. */
  readonly socket: SocketName;
  /** The connection, counted from the start of the agent: calls with the same number came from the same client. */
  readonly connection: number;
  /** Undefined on a UNIX socket, which tells nothing of who is there. */
  readonly client: RemoteClient | undefined;
  /** `DomainService/CreateDomain`; of another package with its name, as `grpc.health.v1.Health/Check`. */
  readonly method: string;
  /** Undefined for a method that is not of our contract, as health and reflection. */
  readonly access: Access | undefined;
  readonly caller: SaidOfCaller;
}

/** What the client says of itself, which proves nothing. */
export interface SaidOfCaller {
  readonly userAgent: string | undefined;
  readonly trace: TraceContext | undefined;
}

/** Its parts stay apart: to copy them into one object took a tenth of the time of a read that is answered from memory. */
export interface EndedCall {
  readonly begun: BegunCall;
  /** The number of the gRPC status. */
  readonly code: status;
  /** Undefined when all went well, and for a status that the transport made. */
  readonly reason: Reason | undefined;
  /** What the caller was told; empty when all went well. */
  readonly message: string;
  readonly seconds: number;
  readonly about: About;
}

/** What the caller was told, or would have been told had it waited. */
interface Outcome {
  readonly code: status;
  readonly message: string;
  readonly seconds: number;
}

export class CallRecord {
  readonly begun: BegunCall;
  readonly #seconds: () => number;
  readonly #onEnd: (call: EndedCall) => void;
  #about: About = {};
  #reason: Reason | undefined;
  #answering = false;
  #answered = false;
  #outcome: Outcome | undefined;
  #told = false;

  /** `seconds` since the call began. */
  constructor(
    begun: BegunCall,
    { seconds, onEnd }: { readonly seconds: () => number; readonly onEnd: (call: EndedCall) => void },
  ) {
    this.begun = begun;
    this.#seconds = seconds;
    this.#onEnd = onEnd;
  }

  /** Whether a handler has or had the request. */
  get answered(): boolean {
    return this.#answered;
  }

  concerns(about: About): void {
    this.#about = merged(this.#about, about);
  }

  /** Before `ended` of the same failure; what fails of a call that has ended is not what its client was told. */
  failedFor(reason: Reason): void {
    if (!this.#outcome) this.#reason = reason;
  }

  /** A handler has the request; until it is done the line waits, whatever becomes of the client. */
  answering(): void {
    this.#answering = true;
    this.#answered = true;
  }

  done(): void {
    this.#answering = false;
    this.#tell();
  }

  /** The first holds: what is sent to a client that is gone reaches nobody. */
  ended({ code, details }: { readonly code: status; readonly details: string }): void {
    const message = code === status.OK ? "" : (legible(details, MAX_MESSAGE_BYTES) ?? "");
    this.#outcome ??= { code, message, seconds: this.#seconds() };
    this.#tell();
  }

  #tell(): void {
    if (!this.#outcome || this.#answering || this.#told) return;
    this.#told = true;
    const { code, message, seconds } = this.#outcome;
    this.#onEnd({ begun: this.begun, code, message, seconds, reason: this.#reason, about: this.#about });
  }
}

/** What the headers of a call say of its caller. */
export function callerOf(headers: Metadata): SaidOfCaller {
  const [userAgent] = headers.get("user-agent");
  const [traceparent, another] = headers.get("traceparent");
  const trace =
    typeof traceparent === "string" && another === undefined ? parseTraceparent(traceparent) : undefined;
  return { userAgent: legible(userAgent), trace };
}
