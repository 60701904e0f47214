// Turns `async (request, context) => response` into a grpc-js handler, so that services contain no callbacks.
import { status, type handleUnaryCall, type MethodDefinition } from "@grpc/grpc-js";
import { AgentError } from "../core/errors.ts";
import type { SocketName } from "./access.ts";
import type { Answers } from "./answers.ts";
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

type RawDefinition = MethodDefinition<Buffer, Buffer>;
type Erased = MethodDefinition<unknown, unknown>;

/**
 * The definition with requests and answers left as bytes: they are decoded in our handler, so that bytes that are no message
 * become INVALID_ARGUMENT with a reason instead of the transport's INTERNAL, and encoded there, so that they can be kept.
 */
export function inBytes(method: Erased): RawDefinition {
  const [requests, answers] = [
    { requestSerialize: identity, requestDeserialize: identity },
    { responseSerialize: identity, responseDeserialize: identity },
  ];
  return { ...method, ...requests, ...answers };
}

/** What the calls of a server share. */
export interface UnaryOptions {
  readonly socket: SocketName;
  readonly answers: Answers;
}

export function unary(
  method: Erased,
  handler: Unary<unknown, unknown>,
  { socket, answers }: UnaryOptions,
): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    const place = answers.placeOf(method.path, call.request);
    if (place?.bytes) {
      callback(null, place.bytes);
      return;
    }
    const cancelled = new AbortController();
    call.on("cancelled", () => {
      cancelled.abort(new Error("the client ended the call"));
    });
    const answer = async (): Promise<Buffer> => {
      const request = decodeRequest(method.requestDeserialize, call.request);
      return method.responseSerialize(await handler(request, { signal: cancelled.signal, socket }));
    };
    answer().then(
      (bytes) => {
        place?.keep(bytes);
        callback(null, bytes);
      },
      (error: unknown) => {
        // The client is gone: what its going aborted in here is not our failure.
        const gone = { code: status.CANCELLED, details: "ended by the client" };
        callback(cancelled.signal.aborted ? gone : toStatus(error));
      },
    );
  };
}

function decodeRequest(decode: Erased["requestDeserialize"], bytes: Buffer): unknown {
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
