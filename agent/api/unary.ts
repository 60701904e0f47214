// Turns `async (request, context) => response` into a grpc-js handler, so that services contain no callbacks.
import { status, type handleUnaryCall, type Metadata, type MethodDefinition } from "@grpc/grpc-js";
import { AgentError } from "../core/errors.ts";
import type { Patience } from "../core/patience.ts";
import { untilAborted } from "../core/until-aborted.ts";
import type { Caller } from "../lifecycle/caller.ts";
import type { OnPoint } from "../lifecycle/crash-points.ts";
import { aboutClaim, aboutRequest, aboutResponse } from "./about.ts";
import type { Access } from "./access.ts";
import type { AnswerPlace, Answers } from "./answers.ts";
import type { CallRecord } from "./call-record.ts";
import type { RunningCalls } from "./running-calls.ts";
import { toStatus } from "./status.ts";

/** The caller's deadline is in its signal, and so is the end of the agent. */
export type Unary<Request, Response> = (request: Request, caller: Caller) => Promise<Response>;

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
  const requests = { requestSerialize: identity, requestDeserialize: identity };
  const answers = { responseSerialize: identity, responseDeserialize: identity };
  return { ...method, ...requests, ...answers };
}

/** A method with how it is answered, or why it is not, whatever it is asked. */
export interface Asked<Handler> {
  readonly definition: Erased;
  readonly handler: Handler | AgentError;
}

/** A method as it is answered on one socket. */
export interface Answered extends Asked<Unary<unknown, unknown>> {
  readonly access: Access;
}

/** What all methods of a server are answered with. */
export interface Answering {
  readonly answers: Answers;
  readonly running: RunningCalls;
  readonly records: WeakMap<Metadata, CallRecord>;
  /** That with a call whose caller has set no deadline. */
  readonly patience: Readonly<Record<Access, { readonly of: Patience; readonly ms: number }>>;
  readonly onPoint: OnPoint;
}

export function unary(method: Answered, answering: Answering): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    const place = keptPlace(method, answering, call.request);
    if (place?.bytes) {
      callback(null, place.bytes);
      return;
    }
    const record = answering.records.get(call.metadata);
    const ended = new AbortController();
    call.on("cancelled", () => {
      ended.abort(new Error("the client ended the call"));
    });
    const caller: Caller = {
      signal: ended.signal,
      trace: record?.begun.caller.trace,
      onClaim: (claim) => record?.concerns(aboutClaim(claim)),
      onOperation: ({ id }) => record?.concerns({ operation: `operations/${id}` }),
    };
    /** What goes on of a change although its call may have ended; as long as it does, it counts and its line waits. */
    let change: Promise<unknown> | undefined;
    const handle = async ({ request, handler }: Readable<Unary<unknown, unknown>>): Promise<unknown> => {
      const response = await handler(request, caller);
      record?.concerns(aboutResponse(response));
      return response;
    };
    const respond = async (readable: Readable<Unary<unknown, unknown>>): Promise<unknown> => {
      const counted = { access: method.access, connection: record?.begun.connection ?? 0 };
      const over = answering.running.begin(counted, {
        end: (why) => {
          ended.abort(why);
        },
        abandon: (why) => {
          record?.failedFor(why.reason);
          record?.ended(toStatus(why));
          record?.done();
        },
      });
      const answered = (handled: Promise<unknown>): Promise<unknown> => {
        const response = untilAborted(handled, ended.signal);
        if (call.getDeadline() !== Infinity) return response;
        return patiently(response, method.access, { answering, ended });
      };
      if (method.access === "reads") return await answered(handle(readable)).finally(over);
      answering.onPoint("request taken");
      change = handle(readable);
      void change.catch(() => undefined).finally(over);
      const changed = await answered(change);
      answering.onPoint("answer ready");
      return changed;
    };
    const answer = async (): Promise<Buffer> => {
      const readable = readRequest(method, call.request, record);
      const bytes = method.definition.responseSerialize(await respond(readable));
      place?.keep(bytes, readable.request);
      return bytes;
    };
    record?.answering();
    answer()
      .then(
        (bytes) => {
          // Now, and not when it was sent: a client that takes its time to read must not keep the line from being written.
          record?.ended({ code: status.OK, details: "" });
          callback(null, bytes);
        },
        (caught: unknown) => {
          const { aborted } = ended.signal;
          const reason: unknown = ended.signal.reason;
          // What an end of the call aborted in here is not our failure: the end is what there is to tell.
          const error = AgentError.from(reason instanceof AgentError ? reason : caught);
          const gone = aborted && !(reason instanceof AgentError);
          if (!gone) record?.failedFor(error.reason);
          const told = gone ? { code: status.CANCELLED, details: "ended by the client" } : toStatus(error);
          record?.ended(told);
          callback(told);
        },
      )
      .finally(async () => {
        await change?.catch(() => undefined);
        record?.done();
      });
  };
}

/** Undefined where no answer is kept, and while the agent goes down: then every call hears of it. */
function keptPlace(
  { definition, handler }: Answered,
  { answers, running }: Answering,
  request: Buffer,
): AnswerPlace | undefined {
  if (running.closed || handler instanceof AgentError) return undefined;
  return answers.placeOf(definition.path, request);
}

/** A request that could be read, and who answers it. */
interface Readable<Handler> {
  readonly request: unknown;
  readonly handler: Handler;
}

/** Notes what the request is about even where it is refused. */
export function readRequest<Handler extends (...args: never[]) => unknown>(
  { definition, handler }: Asked<Handler>,
  bytes: Buffer,
  record: CallRecord | undefined,
): Readable<Handler> {
  let request: unknown;
  try {
    request = definition.requestDeserialize(bytes);
  } catch (error) {
    const message = "the request is not a message of this method's type";
    throw handler instanceof AgentError
      ? handler
      : new AgentError("REQUEST_UNREADABLE", message, { cause: error });
  }
  record?.concerns(aboutRequest(request));
  if (handler instanceof AgentError) throw handler;
  return { request, handler };
}

const overdue = {
  reads: "it was not answered",
  changes: "what was begun goes on, and a repetition joins it; it did not end",
} as const satisfies Record<Access, string>;

/** A read leaves nothing behind, and a change goes on without its call: nobody has to wait for one that hangs. */
async function patiently<Response>(
  response: Promise<Response>,
  access: Access,
  { answering, ended }: { readonly answering: Answering; readonly ended: AbortController },
): Promise<Response> {
  const { of: patience, ms } = answering.patience[access];
  const answered = patience.begin(() => {
    const message = `${overdue[access]} within ${ms / 1000} s`;
    ended.abort(new AgentError("CALL_TIMEOUT", message, { details: { limit_ms: ms } }));
  });
  try {
    return await response;
  } finally {
    answered();
  }
}

function identity(bytes: Buffer): Buffer {
  return bytes;
}
