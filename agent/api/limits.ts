// What a client may take of the agent: every limit with what a client sees of it and why it is what it is.
// docs/reference/limits.md is made from this.
import type { SocketName } from "./access.ts";

export interface Limit {
  /** Below `limits` of the configuration. */
  readonly key: string;
  readonly what: string;
  /** Where the configuration says nothing. */
  readonly value: number;
  /** What it may be set to. */
  readonly range: readonly [min: number, max: number];
  readonly unit: "bytes" | "milliseconds" | "calls" | "connections" | "changes" | "vGPUs";
  readonly seen: string;
  readonly why: string;
}

const MIB = 1024 * 1024;

export const limits = {
  requestBytes: {
    key: "request_size",
    what: "one request on the admin socket",
    value: 16 * MIB,
    range: [4 * MIB, 64 * MIB],
    unit: "bytes",
    seen: "INVALID_ARGUMENT, `REQUEST_TOO_LARGE`",
    why: "the XML of a domain may have 2 MiB; nothing else comes near",
  },
  readRequestBytes: {
    key: "read_request_size",
    what: "one request on the read socket",
    value: 16 * 1024,
    range: [4 * 1024, MIB],
    unit: "bytes",
    seen: "INVALID_ARGUMENT, `REQUEST_TOO_LARGE`",
    why: "a request that reads is a name and a page; a full house of half-sent requests must stay far below the unit's memory",
  },
  streams: {
    key: "streams",
    what: "calls at a time on one connection of the admin socket",
    value: 100,
    range: [1, 1_000],
    unit: "calls",
    seen: "nothing: a client of HTTP/2 is told the number and holds back the others",
    why: "the least that RFC 9113 recommends",
  },
  readStreams: {
    key: "read_streams",
    what: "calls at a time on one connection of the read socket",
    value: 16,
    range: [1, 1_000],
    unit: "calls",
    seen: "as above",
    why: "an answer waits in memory until its client takes it: as many long lists as all connections may leave lying stay far below the unit's memory",
  },
  connections: {
    key: "connections",
    what: "connections at a time on the admin socket",
    value: 64,
    range: [2, 1_000],
    unit: "connections",
    seen: "the connection is closed at once: UNAVAILABLE by the client's own transport",
    why: "schedulers of one host are a handful; each socket has its own number, so that readers cannot keep administrators out",
  },
  readConnections: {
    key: "read_connections",
    what: "connections at a time on the read socket",
    value: 32,
    range: [1, 1_000],
    unit: "connections",
    seen: "as above",
    why: "exporters and dashboards of one host are a handful",
  },
  changes: {
    key: "changes",
    what: "calls under way that change something",
    value: 128,
    range: [1, 10_000],
    unit: "calls",
    seen: "UNAVAILABLE, `TOO_MANY_CALLS`, with RetryInfo",
    why: "more than a host has vGPUs; a caller that waits for a guest to shut down holds its place for as long",
  },
  connectionChanges: {
    key: "connection_changes",
    what: "calls under way that change something, of one connection",
    value: 64,
    range: [1, 10_000],
    unit: "calls",
    seen: "as above",
    why: "half of them: a caller that waits for many guests must not keep the others out; a UNIX socket tells callers apart by their connections and by nothing else",
  },
  connectionRate: {
    key: "connection_rate",
    what: "calls that change something on one connection, within a second and at once",
    value: 100,
    range: [1, 10_000],
    unit: "calls",
    seen: "as above",
    why: "a host makes some ten domains a second; who asks faster than that repeats itself",
  },
  vgpus: {
    key: "vgpus",
    what: "vGPUs that callers of the admin socket have at a time: those of claims, whether they are made by now or not, and reserved ones",
    value: 1_000,
    range: [0, 10_000],
    unit: "vGPUs",
    seen: "RESOURCE_EXHAUSTED, `CALLERS_LIMIT_REACHED`; what is there goes on, and what is adopted counts and is not refused. A plan does not know of it",
    why: "more than a host has; set it lower where others make vGPUs on the same host and are to find room",
  },
  renderSeats: {
    key: "render_seats",
    what: "domains that render on one GPU in mode gvt-s, on or off, those of others that run included",
    value: 8,
    range: [1, 1_000],
    unit: "vGPUs",
    seen: "RESOURCE_EXHAUSTED, `SEATS_EXHAUSTED`",
    why: "neither the kernel nor QEMU bounds their number, and each makes the others slower; it holds for every GPU that `render_seats_by_gpu` says nothing of",
  },
  changeMs: {
    key: "change_time",
    what: "the time for an answer to a call that changes something and has no deadline of its own",
    value: 15 * 60_000,
    range: [60_000, 24 * 3_600_000],
    unit: "milliseconds",
    seen: "DEADLINE_EXCEEDED, `CALL_TIMEOUT`; what was begun goes on, and a repetition joins it",
    why: "the longest that a guest is usually given to shut down; a client that went away unheard holds its place no longer",
  },
  takeMs: {
    key: "take_time",
    what: "the time in which a client takes an answer",
    value: 30_000,
    range: [1_000, 600_000],
    unit: "milliseconds",
    seen: "the connection is cut: UNAVAILABLE by the client's own transport",
    why: "an answer that nobody takes stays in memory; a client that reads at all takes the largest list at once",
  },
  watches: {
    key: "watches",
    what: "watches at a time on one socket",
    value: 64,
    range: [1, 1_000],
    unit: "calls",
    seen: "UNAVAILABLE, `TOO_MANY_WATCHES`, with RetryInfo",
    why: "schedulers and screens of one host are a handful; each costs what waits for its client and a place in the history",
  },
  connectionWatches: {
    key: "connection_watches",
    what: "watches at a time on one connection",
    value: 8,
    range: [1, 1_000],
    unit: "calls",
    seen: "as above",
    why: "a watch holds its place among the calls of the connection; on the read socket half of them stay free",
  },
  watchChanges: {
    key: "watch_changes",
    what: "changes that are remembered for those who watch, of all kinds together",
    value: 8_192,
    range: [256, 1_000_000],
    unit: "changes",
    seen: "OUT_OF_RANGE, `RESUME_TOO_OLD`, for a resume token from before; ABORTED, `WATCH_TOO_SLOW`, for a watch that is so far behind",
    why: "some thousand operations: minutes of a host that does nothing else",
  },
  watchHistoryBytes: {
    key: "watch_history_size",
    what: "changes that are remembered for those who watch, as they go over the wire",
    value: 8 * MIB,
    range: [MIB, 256 * MIB],
    unit: "bytes",
    seen: "as above",
    why: "far below the unit's memory",
  },
  watchMemoryMs: {
    key: "watch_memory",
    what: "the time for which each change is still taken down after the last watch has ended",
    value: 10 * 60_000,
    range: [1_000, 24 * 3_600_000],
    unit: "milliseconds",
    seen: "who resumes later is told what the changes came to, and not each of them",
    why: "a client that is restarted is back by then; a host that nobody watches compares nothing",
  },
  bookmarkMs: {
    key: "bookmark",
    what: "the time of a watch without an item",
    value: 30_000,
    range: [1_000, 600_000],
    unit: "milliseconds",
    seen: "a BOOKMARK",
    why: "a client that hears nothing for longer can take the agent for hung",
  },
  requestMs: {
    key: "request_time",
    what: "the time from the headers of a call to the end of its request",
    value: 30_000,
    range: [1_000, 600_000],
    unit: "milliseconds",
    seen: "DEADLINE_EXCEEDED, `CALL_TIMEOUT`",
    why: "a request that is sent byte by byte holds memory as long as it lasts",
  },
  readMs: {
    key: "read_time",
    what: "the time for an answer to a call that changes nothing and has no deadline of its own",
    value: 30_000,
    range: [1_000, 600_000],
    unit: "milliseconds",
    seen: "DEADLINE_EXCEEDED, `CALL_TIMEOUT`",
    why: "reads are answered from memory; one that takes longer waits for something that hangs",
  },
  keepaliveMs: {
    key: "keepalive",
    what: "the time between two HTTP/2 pings of the agent on a connection",
    value: 60_000,
    range: [10_000, 3_600_000],
    unit: "milliseconds",
    seen: "nothing: the client's HTTP/2 answers by itself",
    why: "finds clients that were stopped or hang with the connection open",
  },
  keepaliveTimeoutMs: {
    key: "keepalive_timeout",
    what: "the time for the answer to a ping of the agent",
    value: 20_000,
    range: [1_000, 600_000],
    unit: "milliseconds",
    seen: "the connection is cut: UNAVAILABLE by the client's own transport",
    why: "a client on the same host that takes longer does not run",
  },
  idleMs: {
    key: "idle",
    what: "the time of a connection without a call",
    value: 10 * 60_000,
    range: [10_000, 24 * 3_600_000],
    unit: "milliseconds",
    seen: "nothing: GOAWAY, and the next call connects again",
    why: "forgotten connections must not add up to the number above; every usual interval of polling is shorter",
  },
} as const satisfies Record<string, Limit>;

/** The same as numbers. */
export type LimitValues = Readonly<Record<keyof typeof limits, number>>;

/** `of` gives a limit's number. */
export function limitValuesOf(of: (limit: Limit) => number): LimitValues {
  return Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, of(limit)])) as LimitValues;
}

/** As they are where the configuration says nothing. */
export const limitValues = limitValuesOf(({ value }) => value);

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
