// Keeps a daemon within reach: up to four connections, made again with growing pauses when they are lost.
import { setTimeout as delay } from "node:timers/promises";

import type { Caller, Lane } from "./caller.ts";
import { type CallOptions, Connection, type ConnectionOptions } from "./connection.ts";
import { CallAbortedError, ConnectionLostError, messageOf } from "./errors.ts";
import { type EventKind, type LibvirtEvent, subscribe } from "./events.ts";
import type { KeepAliveOptions } from "./keepalive.ts";
import type { Procedure } from "./procedure.ts";
import { type SocketChoice, findSocket } from "./socket-path.ts";

export type LinkState =
  /** Events are registered already: who lists now misses nothing, and events may have come before this. */
  | { readonly state: "up"; readonly unsupported: readonly EventKind[] }
  | { readonly state: "down"; readonly error: Error; readonly retryInMs: number };

export interface LinkOptions {
  readonly socket: SocketChoice;
  readonly uri: string;
  /** Kinds of events to register at each connection. */
  readonly events: readonly EventKind[];
  readonly onEvent: (event: LibvirtEvent) => void;
  readonly onState: (state: LinkState) => void;
  /** In [0, 1): spreads the reconnects of many agents. */
  readonly random: () => number;
  /** Pauses between attempts: doubling from `firstMs` (default 250) to `maxMs` (default 30 000), half of it jitter. */
  readonly backoff?: { readonly firstMs: number; readonly maxMs: number };
  /** Deadlines of calls that name none; default work 120 000, the others 30 000. */
  readonly callTimeoutMs?: Readonly<Record<Lane, number>>;
  readonly keepAlive?: KeepAliveOptions | false;
  /** Rejects when the signal aborts. Default: node's timer. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds of a clock that never steps back. Default: performance.now. */
  readonly now?: () => number;
}

const DEFAULT_BACKOFF = { firstMs: 250, maxMs: 30_000 };
const DEFAULT_TIMEOUTS = { work: 120_000, read: 30_000, figures: 30_000 };

/**
 * Slow work, quick reads, figures and events have a connection each, and a connection has four calls with the daemon at a
 * time: a slow start of a domain delays neither a read nor an event, and neither do domains that answer no question. The events' connection decides whether the link is up; the others are opened when first used.
 */
export class Link implements Caller {
  readonly #options: LinkOptions;
  readonly #lanes = new Map<Lane, Promise<Connection>>();
  /** The socket that answered; undefined while the link is down. */
  #path: string | undefined;
  #downBecause: Error = new ConnectionLostError("connect-failed", "not connected yet");
  #stop: AbortSignal = AbortSignal.abort();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** Connects and reconnects until the signal aborts; then closes everything and resolves. Call it once. */
  async run(stop: AbortSignal): Promise<void> {
    this.#stop = stop;
    let failures = 0;
    const { onState, now = () => performance.now() } = this.#options;
    const stopped = (): boolean => stop.aborted;
    while (!stopped()) {
      const since = now();
      const error = await this.#beConnected(stop);
      this.#path = undefined;
      this.#downBecause = error;
      if (stopped()) break;
      const { maxMs } = this.#options.backoff ?? DEFAULT_BACKOFF;
      failures = now() - since > maxMs ? 0 : failures + 1;
      const retryInMs = this.#pause(failures);
      onState({ state: "down", error, retryInMs });
      await this.#sleep(retryInMs, stop).catch(() => undefined);
    }
    await this.#closeLanes();
  }

  /**
   * As Connection.call, on the connection of that lane. While the link is down it rejects at once with
   * ConnectionLostError, outcome `not-sent`.
   */
  async call<Args, Ret>(
    procedure: Procedure<Args, Ret>,
    args: Args,
    options: CallOptions & { readonly lane: Lane },
  ): Promise<Ret> {
    const connection = await this.#lane(options.lane, procedure.name, options.signal);
    return connection.call(procedure, args, options);
  }

  /** Resolves with why it ended. */
  async #beConnected(stop: AbortSignal): Promise<Error> {
    const { socket, events, onEvent, onState } = this.#options;
    let connection: Connection | undefined;
    try {
      const path = await findSocket(socket);
      connection = await Connection.open(this.#connectionOptions(path, "read", stop));
      const { unsupported } = await subscribe(connection, events, onEvent, { signal: stop });
      this.#path = path;
      onState({ state: "up", unsupported });
      return await unlessAborted(connection.lost, stop, (reason) => reason);
    } catch (caught) {
      return caught instanceof Error ? caught : new Error(messageOf(caught));
    } finally {
      await connection?.close();
    }
  }

  async #lane(lane: Lane, procedure: string, signal: AbortSignal | undefined): Promise<Connection> {
    const path = this.#path;
    if (path === undefined) {
      const text = `${procedure}: no connection to libvirt, ${this.#downBecause.message}`;
      throw new ConnectionLostError("connect-failed", text, { cause: this.#downBecause });
    }
    const opening = this.#lanes.get(lane) ?? this.#openLane(lane, path);
    if (!signal) return opening;
    return unlessAborted(opening, signal, (reason) => {
      throw new CallAbortedError(procedure, "not-sent", reason);
    });
  }

  #openLane(lane: Lane, path: string): Promise<Connection> {
    const opening = Connection.open(this.#connectionOptions(path, lane, this.#stop));
    this.#lanes.set(lane, opening);
    const forget = (): void => {
      if (this.#lanes.get(lane) === opening) this.#lanes.delete(lane);
    };
    opening.then((connection) => connection.lost.then(forget), forget);
    return opening;
  }

  async #closeLanes(): Promise<void> {
    for (const opening of this.#lanes.values()) {
      const connection = await opening.catch(() => undefined);
      await connection?.close();
    }
  }

  #connectionOptions(socket: string, lane: Lane, signal: AbortSignal): ConnectionOptions {
    const { uri, keepAlive, callTimeoutMs = DEFAULT_TIMEOUTS } = this.#options;
    const options = { socket, uri, readonly: lane !== "work", callTimeoutMs: callTimeoutMs[lane], signal };
    return keepAlive === undefined ? options : { ...options, keepAlive };
  }

  #pause(failures: number): number {
    const { firstMs, maxMs } = this.#options.backoff ?? DEFAULT_BACKOFF;
    const full = Math.min(maxMs, firstMs * 2 ** Math.max(0, failures - 1));
    return Math.round(full / 2 + (this.#options.random() * full) / 2);
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.#options.sleep ? this.#options.sleep(ms, signal) : delay(ms, undefined, { signal });
  }
}

/** Settles as `promise` does, or with what `onAbort` makes of the signal's reason if that aborts first. */
async function unlessAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  onAbort: (reason: Error) => T,
): Promise<T> {
  let stopListening = (): void => undefined;
  const abort = new Promise<void>((resolve) => {
    const listener = (): void => {
      resolve();
    };
    // A signal outlives thousands of calls: a listener left on it would be a leak.
    stopListening = () => {
      signal.removeEventListener("abort", listener);
    };
    signal.addEventListener("abort", listener, { once: true });
    if (signal.aborted) resolve();
  });
  const late = abort.then(() =>
    onAbort(signal.reason instanceof Error ? signal.reason : new Error("aborted")),
  );
  return Promise.race([promise, late]).finally(stopListening);
}
