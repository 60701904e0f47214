// What a client may take of the agent: every limit with what a client sees of it and why it is what it is.
// docs/reference/limits.md is made from this.
import type { SocketName } from "./access.ts";

export interface Limit {
  readonly what: string;
  readonly value: number;
  readonly unit: "bytes" | "milliseconds" | "calls" | "connections" | "changes";
  readonly seen: string;
  readonly why: string;
}

const MIB = 1024 * 1024;

export const limits = {
  requestBytes: {
    what: "one request on the admin socket",
    value: 16 * MIB,
    unit: "bytes",
    seen: "INVALID_ARGUMENT, `REQUEST_TOO_LARGE`",
    why: "the XML of a domain may have 2 MiB; nothing else comes near",
  },
  readRequestBytes: {
    what: "one request on the read socket",
    value: 16 * 1024,
    unit: "bytes",
    seen: "INVALID_ARGUMENT, `REQUEST_TOO_LARGE`",
    why: "a request that reads is a name and a page; a full house of half-sent requests must stay far below the unit's memory",
  },
  streams: {
    what: "calls at a time on one connection of the admin socket",
    value: 100,
    unit: "calls",
    seen: "nothing: a client of HTTP/2 is told the number and holds back the others",
    why: "the least that RFC 9113 recommends",
  },
  readStreams: {
    what: "calls at a time on one connection of the read socket",
    value: 16,
    unit: "calls",
    seen: "as above",
    why: "an answer waits in memory until its client takes it: as many long lists as all connections may leave lying stay far below the unit's memory",
  },
  connections: {
    what: "connections at a time on the admin socket",
    value: 64,
    unit: "connections",
    seen: "the connection is closed at once: UNAVAILABLE by the client's own transport",
    why: "schedulers of one host are a handful; each socket has its own number, so that readers cannot keep administrators out",
  },
  readConnections: {
    what: "connections at a time on the read socket",
    value: 32,
    unit: "connections",
    seen: "as above",
    why: "exporters and dashboards of one host are a handful",
  },
  changes: {
    what: "calls under way that change something",
    value: 128,
    unit: "calls",
    seen: "UNAVAILABLE, `TOO_MANY_CALLS`, with RetryInfo",
    why: "more than a host has vGPUs; a caller that waits for a guest to shut down holds its place for as long",
  },
  watches: {
    what: "watches at a time on one socket",
    value: 64,
    unit: "calls",
    seen: "UNAVAILABLE, `TOO_MANY_WATCHES`, with RetryInfo",
    why: "schedulers and screens of one host are a handful; each costs what waits for its client and a place in the history",
  },
  connectionWatches: {
    what: "watches at a time on one connection",
    value: 8,
    unit: "calls",
    seen: "as above",
    why: "a watch holds its place among the calls of the connection; on the read socket half of them stay free",
  },
  watchChanges: {
    what: "changes that are remembered for those who watch, of all kinds together",
    value: 8_192,
    unit: "changes",
    seen: "OUT_OF_RANGE, `RESUME_TOO_OLD`, for a resume token from before; ABORTED, `WATCH_TOO_SLOW`, for a watch that is so far behind",
    why: "some thousand operations: minutes of a host that does nothing else",
  },
  watchHistoryBytes: {
    what: "the same, as it goes over the wire",
    value: 8 * MIB,
    unit: "bytes",
    seen: "as above",
    why: "far below the unit's memory",
  },
  watchMemoryMs: {
    what: "the time for which each change is still taken down after the last watch has ended",
    value: 10 * 60_000,
    unit: "milliseconds",
    seen: "who resumes later is told what the changes came to, and not each of them",
    why: "a client that is restarted is back by then; a host that nobody watches compares nothing",
  },
  bookmarkMs: {
    what: "a watch without an item",
    value: 30_000,
    unit: "milliseconds",
    seen: "a BOOKMARK",
    why: "a client that hears nothing for longer can take the agent for hung",
  },
  requestMs: {
    what: "from the headers of a call to the end of its request",
    value: 30_000,
    unit: "milliseconds",
    seen: "DEADLINE_EXCEEDED, `CALL_TIMEOUT`",
    why: "a request that is sent byte by byte holds memory as long as it lasts",
  },
  readMs: {
    what: "an answer to a call that changes nothing and has no deadline of its own",
    value: 30_000,
    unit: "milliseconds",
    seen: "DEADLINE_EXCEEDED, `CALL_TIMEOUT`",
    why: "reads are answered from memory; one that takes longer waits for something that hangs",
  },
  keepaliveMs: {
    what: "between two HTTP/2 pings of the agent on a connection",
    value: 60_000,
    unit: "milliseconds",
    seen: "nothing: the client's HTTP/2 answers by itself",
    why: "finds clients that were stopped or hang with the connection open",
  },
  keepaliveTimeoutMs: {
    what: "for the answer to such a ping",
    value: 20_000,
    unit: "milliseconds",
    seen: "the connection is cut: UNAVAILABLE by the client's own transport",
    why: "a client on the same host that takes longer does not run",
  },
  idleMs: {
    what: "a connection without a call",
    value: 10 * 60_000,
    unit: "milliseconds",
    seen: "nothing: GOAWAY, and the next call connects again",
    why: "forgotten connections must not add up to the number above; every usual interval of polling is shorter",
  },
} as const satisfies Record<string, Limit>;

/** The same as numbers. */
export type LimitValues = Readonly<Record<keyof typeof limits, number>>;

export const limitValues = Object.fromEntries(
  Object.entries(limits).map(([name, { value }]) => [name, value]),
) as LimitValues;

/** grpc-js's names for what it enforces itself. */
export function channelOptions(socket: SocketName, values: LimitValues): Record<string, number> {
  return {
    "grpc.max_receive_message_length": requestBytesOn(socket, values),
    "grpc.max_concurrent_streams": socket === "admin" ? values.streams : values.readStreams,
    "grpc.keepalive_time_ms": values.keepaliveMs,
    "grpc.keepalive_timeout_ms": values.keepaliveTimeoutMs,
    "grpc.max_connection_idle_ms": values.idleMs,
  };
}

export function connectionsOn(socket: SocketName, values: LimitValues): number {
  return socket === "admin" ? values.connections : values.readConnections;
}

export function requestBytesOn(socket: SocketName, values: LimitValues): number {
  return socket === "admin" ? values.requestBytes : values.readRequestBytes;
}
