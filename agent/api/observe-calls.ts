// What every call shares: one report when it ends, whatever ends it, and statuses of the transport in our own words.
import {
  ResponderBuilder,
  ServerInterceptingCall,
  ServerListenerBuilder,
  status,
  type Metadata,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import type { Patience } from "../core/patience.ts";
import type { Access, RemoteClient, SocketName } from "./access.ts";
import { CallRecord, callerOf, type EndedCall } from "./call-record.ts";
import { toStatus } from "./status.ts";

export interface Observation {
  readonly clock: Clock;
  readonly socket: SocketName;
  /** What a method may do, by its path; undefined for one that is not of our contract. */
  readonly accessOf: (path: string) => Access | undefined;
  /** The record of a call by the headers that its handler gets: the one thing that both have in hand. */
  readonly records: WeakMap<Metadata, CallRecord>;
  /** That of a request which does not arrive whole. */
  readonly arrival: Patience;
  /** That with a client that does not take what it is sent. */
  readonly taking: Patience;
  /** Who is at the other end of a connection that came by TLS. */
  readonly clientOf: (connection: number) => RemoteClient | undefined;
  /** Ends a connection. */
  readonly cut: (connection: number) => void;
  /** How long `arrival` is, milliseconds, and how large a request may be. */
  readonly limits: { readonly requestMs: number; readonly requestBytes: number };
  readonly onEnd: (call: EndedCall) => void;
}

export function observeCalls(observation: Observation): ServerInterceptor {
  const { clock, socket, accessOf, records, arrival, taking, clientOf, cut, limits, onEnd } = observation;
  return ({ path, requestStream, responseStream }, call) => {
    const started = clock.now();
    const seconds = (): number => (clock.now() - started) / 1000;
    let record: CallRecord | undefined;
    let arrived = (): void => undefined;
    const send = call.sendStatus.bind(call);
    // The transport ends a call by this method of its own, past every responder: deadline, size, encoding.
    call.sendStatus = (told) => {
      const error = faultOfRequest(told, { limits, answered: record?.answered === true });
      if (error) record?.failedFor(error.reason);
      const said = error ? toStatus(error) : told;
      record?.ended(said);
      arrived();
      send(said);
    };
    // What a stream of the contract leaves with its client is bounded by itself (streaming.ts).
    if (requestStream || !responseStream) {
      const sendMessage = call.sendMessage.bind(call);
      call.sendMessage = (message, callback) => {
        const taken = taking.begin(() => {
          cut(Number(call.getPeer()));
        });
        sendMessage(message, () => {
          taken();
          callback();
        });
      };
    }
    const awaitRequest = (): void => {
      if (requestStream) return;
      arrived = arrival.begin(() => {
        const error = notArrived(limits.requestMs);
        record?.failedFor(error.reason);
        call.sendStatus(toStatus(error));
      });
    };
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((headers, next) => {
        const connection = Number(call.getPeer());
        const method = methodName(path);
        const client = clientOf(connection);
        const begun = { socket, connection, client, method, access: accessOf(path) };
        record = new CallRecord({ ...begun, caller: callerOf(headers) }, { seconds, onEnd });
        records.set(headers, record);
        awaitRequest();
        next(headers);
      })
      .withOnReceiveHalfClose((next) => {
        arrived();
        next();
      })
      .withOnCancel(() => {
        arrived();
        record?.ended({ code: status.CANCELLED, details: "the client went away" });
      })
      .build();
    const responder = new ResponderBuilder().withStart((next) => {
      next(listener);
    });
    return new ServerInterceptingCall(call, responder.build());
  };
}

/**
 * What the transport says of a request, as the contract says it: its RESOURCE_EXHAUSTED would read as "no room on this
 * host", its INTERNAL as a fault of ours. Undefined for what we said, and for what it may say.
 */
function faultOfRequest(
  { code, details, metadata }: Parameters<ServerInterceptingCall["sendStatus"]>[0],
  { limits, answered }: Pick<Observation, "limits"> & { readonly answered: boolean },
): AgentError | undefined {
  if (metadata?.get("grpc-status-details-bin").length === 1) return undefined;
  if (code === status.RESOURCE_EXHAUSTED) return tooLarge(limits.requestBytes);
  if (code !== status.INTERNAL) return undefined;
  return new AgentError(answered ? "INTERNAL" : "REQUEST_UNREADABLE", details);
}

function tooLarge(limit: number): AgentError {
  return new AgentError("REQUEST_TOO_LARGE", `the request has more than ${limit} bytes`, {
    details: { limit_bytes: limit },
  });
}

function notArrived(limitMs: number): AgentError {
  const message = `the request did not arrive whole within ${limitMs / 1000} s of its headers`;
  return new AgentError("CALL_TIMEOUT", message, { details: { limit_ms: limitMs } });
}

/** From `/vgpud.v1.DomainService/CreateDomain`. */
export function methodName(path: string): string {
  return path.replace(/^\/(vgpud\.v1\.)?/, "");
}
