// Turns `async (request, context) => response` into a grpc-js handler, so that services contain no callbacks.
import { status, type handleUnaryCall, type MethodDefinition } from "@grpc/grpc-js";
import { AgentError } from "../core/errors.ts";
import type { SocketName } from "./access.ts";
import { toStatus } from "./status.ts";

interface CallContext {
  /** The socket that the call came in by. */
  readonly socket: SocketName;
  /** Aborts when the client cancels or its deadline passes. */
  readonly signal: AbortSignal;
}

export type Unary<Request, Response> = (request: Request, context: CallContext) => Promise<Response>;

/** The handlers that a generated service definition asks for, method by method. */
export type Handlers<Service> = {
  readonly [Method in keyof Service]: Service[Method] extends {
    requestDeserialize: (bytes: Buffer) => infer Request;
    responseSerialize: (response: infer Response) => Buffer;
  }
    ? Unary<Request, Response>
    : never;
};

type RawDefinition = MethodDefinition<Buffer, unknown>;
interface GeneratedMethod extends Omit<RawDefinition, "requestSerialize" | "requestDeserialize"> {
  readonly requestDeserialize: (bytes: Buffer) => unknown;
}

/**
 * The definition with requests left as bytes: they are decoded in our handler, so that bytes that are no message become
 * INVALID_ARGUMENT with a reason instead of the transport's INTERNAL.
 */
export function undecoded(method: GeneratedMethod): RawDefinition {
  return { ...method, requestSerialize: identity, requestDeserialize: identity };
}

export function unary<Request, Response>(
  decode: (bytes: Buffer) => Request,
  handler: Unary<Request, Response>,
  socket: SocketName,
): handleUnaryCall<Buffer, Response> {
  return (call, callback) => {
    const cancelled = new AbortController();
    call.on("cancelled", () => {
      cancelled.abort(new Error("the client ended the call"));
    });
    const answer = async (): Promise<Response> =>
      handler(decodeRequest(decode, call.request), { signal: cancelled.signal, socket });
    answer().then(
      (response) => {
        callback(null, response);
      },
      (error: unknown) => {
        // The client is gone: what its going aborted in here is not our failure.
        const gone = { code: status.CANCELLED, details: "ended by the client" };
        callback(cancelled.signal.aborted ? gone : toStatus(error));
      },
    );
  };
}

function decodeRequest<Request>(decode: (bytes: Buffer) => Request, bytes: Buffer): Request {
  try {
    return decode(bytes);
  } catch (error) {
    throw new AgentError("REQUEST_UNREADABLE", "the request is not a message of this method's type", {
      cause: error,
    });
  }
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}
