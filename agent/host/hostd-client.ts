// The agent's way to hostd: one connection, opened when needed, on which every call ends by its own deadline.
import net from "node:net";
import { systemClock as clock } from "../core/clock.ts";
import { Deadline } from "../core/deadline.ts";
import { encodeLine, LineReader } from "../hostd/protocol/lines.ts";
import {
  answers,
  MAX_DEADLINE_MS,
  MAX_REPLY_BYTES,
  MIN_DEADLINE_MS,
  objectOf,
  type BindDriver,
  type CreateMdev,
  type MakeVgtInstance,
  type Operation,
  type Result,
  type ResultOf,
  type SetFunctionProfile,
  type SetVirtualFunctions,
} from "../hostd/protocol/messages.ts";
import { parseHello, parseReply, ProtocolError } from "../hostd/protocol/parse.ts";

/** hostd could not be asked, or did not answer in time. Whether the operation happened is unknown: look at the kernel. */
export class HostdUnavailableError extends Error {
  override readonly name = "HostdUnavailableError";
  /** Nobody was there to take the request: it did not happen, and will not. */
  readonly isUnsent: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isUnsent?: boolean } = {}) {
    super(message, options);
    this.isUnsent = options.isUnsent ?? false;
  }
}

export interface HostdClientOptions {
  readonly socketPath: string;
  /** How long a call may take in all, 10 to 60 000 ms. Default 10 000. */
  readonly deadlineMs?: number;
  /** Told of every call that ended. */
  readonly onCall?: (call: EndedCall) => void;
}

export interface EndedCall {
  readonly operation: Operation["kind"];
  /** `refused`: by the kernel or by hostd; `unavailable`: no answer in time, or not of hostd's. */
  readonly outcome: "ok" | "held" | "blocked" | "refused" | "unavailable";
  readonly seconds: number;
}

const OUTCOMES = {
  done: "ok",
  profile: "ok",
  holders: "ok",
  "xen-domains": "ok",
  "vgt-resources": "ok",
  "vgt-utilization": "ok",
  log: "ok",
  "render-clients": "ok",
  "engine-ticks": "ok",
  uncounted: "ok",
  absent: "ok",
  held: "held",
  blocked: "blocked",
  errno: "refused",
  refused: "refused",
  "xenstore-silent": "refused",
  failed: "unavailable",
} as const satisfies Record<Result["kind"], EndedCall["outcome"]>;

export interface CallOptions {
  /** Ends the waiting, not the operation: hostd goes on, and the same call made again joins it. */
  readonly signal?: AbortSignal;
  /** Overrides the client's. */
  readonly deadlineMs?: number;
}

/** What of a call's time hostd does not get: the way there and back, on a busy host. At most a quarter. */
const WAY_MS = 500;
const WAY_SHARE = 0.25;
const DEFAULT_DEADLINE_MS = 10_000;

/** Each operation rejects with HostdUnavailableError, or with the signal's reason when it aborts first. */
export class HostdClient {
  readonly #socketPath: string;
  readonly #deadlineMs: number;
  readonly #onCall: (call: EndedCall) => void;
  #connection: Connection | undefined;
  #standing: "unasked" | "answered" | "unanswered" = "unasked";

  constructor(options: HostdClientOptions) {
    this.#socketPath = options.socketPath;
    this.#deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
    this.#onCall = options.onCall ?? (() => undefined);
  }

  createMdev(
    { gpu, type, vgpuId }: Omit<CreateMdev, "kind">,
    options?: CallOptions,
  ): Promise<ResultOf<"create-mdev">> {
    return this.#ask({ kind: "create-mdev", gpu, type, vgpuId }, options);
  }

  removeMdev(vgpuId: string, options?: CallOptions): Promise<ResultOf<"remove-mdev">> {
    return this.#ask({ kind: "remove-mdev", vgpuId }, options);
  }

  holders(vgpuId: string, options?: CallOptions): Promise<ResultOf<"holders">> {
    return this.#ask({ kind: "holders", vgpuId }, options);
  }

  /** `done` says that the kernel took the writes: read the driver link for what it made of them. */
  bindDriver(
    { device, driver }: Omit<BindDriver, "kind">,
    options?: CallOptions,
  ): Promise<ResultOf<"bind-driver">> {
    return this.#ask({ kind: "bind-driver", device, driver }, options);
  }

  setVirtualFunctions(
    { gpu, count }: Omit<SetVirtualFunctions, "kind">,
    options?: CallOptions,
  ): Promise<ResultOf<"set-virtual-functions">> {
    return this.#ask({ kind: "set-virtual-functions", gpu, count }, options);
  }

  /** `profile` says what the driver made of each value, and which it does not take. */
  setFunctionProfile(
    { gpu, number, values }: Omit<SetFunctionProfile, "kind">,
    options?: CallOptions,
  ): Promise<ResultOf<"set-function-profile">> {
    return this.#ask({ kind: "set-function-profile", gpu, number, values }, options);
  }

  /** Of the function, and of those that a GPU is cut into. */
  functionHolders(device: string, options?: CallOptions): Promise<ResultOf<"function-holders">> {
    return this.#ask({ kind: "function-holders", device }, options);
  }

  xenDomains(options?: CallOptions): Promise<ResultOf<"xen-domains">> {
    return this.#ask({ kind: "xen-domains" }, options);
  }

  /**
   * `done` says that XenGT took the line: whether there is a slice, its `vm<domid>` says. A driver of before 2017 says by the errno
   * why there is none, later ones answer EINVAL to everything.
   */
  makeVgtInstance(
    { domid, lowGmMib, highGmMib, fences }: Omit<MakeVgtInstance, "kind">,
    options?: CallOptions,
  ): Promise<ResultOf<"make-vgt-instance">> {
    return this.#ask({ kind: "make-vgt-instance", domid, lowGmMib, highGmMib, fences }, options);
  }

  /** `held` while the guest is there. */
  removeVgtInstance(domid: number, options?: CallOptions): Promise<ResultOf<"remove-vgt-instance">> {
    return this.#ask({ kind: "remove-vgt-instance", domid }, options);
  }

  /** `absent` where the driver does not tell, as none does since 2017. */
  vgtResources(options?: CallOptions): Promise<ResultOf<"vgt-resources">> {
    return this.#ask({ kind: "vgt-resources" }, options);
  }

  /** Empty where no driver tells. Each reading begins the next count: for one caller alone. */
  vgtUtilization(options?: CallOptions): Promise<ResultOf<"vgt-utilization">> {
    return this.#ask({ kind: "vgt-utilization" }, options);
  }

  /** The end of what the device model of the domain said, at its last start or, where that got not so far, at one before. */
  deviceModelLog(name: string, options?: CallOptions): Promise<ResultOf<"device-model-log">> {
    return this.#ask({ kind: "device-model-log", name }, options);
  }

  renderClients(gpu: string, options?: CallOptions): Promise<ResultOf<"render-clients">> {
    return this.#ask({ kind: "render-clients", gpu }, options);
  }

  /** `absent` where the driver counts nothing for virtual functions. Counting goes on for as long as somebody asks. */
  engineTicks(gpu: string, options?: CallOptions): Promise<ResultOf<"engine-ticks">> {
    return this.#ask({ kind: "engine-ticks", gpu }, options);
  }

  /** Whether the call that ended last was answered in time and by hostd. */
  get standing(): "unasked" | "answered" | "unanswered" {
    return this.#standing;
  }

  /** Ends the connection; calls under way are rejected, a later call opens a new one. */
  close(): void {
    this.#connection?.end(new Error("the client was closed"));
  }

  async #ask<Asked extends Operation>(
    operation: Asked,
    options?: CallOptions,
  ): Promise<ResultOf<Asked["kind"]>> {
    const kind: Asked["kind"] = operation.kind;
    const result = await this.#call(operation, options);
    if (answers(kind, result)) return result;
    throw new HostdUnavailableError(`hostd at ${this.#socketPath} answered ${kind} with ${result.kind}`);
  }

  /** Noted with how it ended. */
  async #call(operation: Operation, options?: CallOptions): Promise<Result> {
    const begun = performance.now();
    let outcome: EndedCall["outcome"] = "unavailable";
    try {
      const result = await this.#answer(operation, options);
      outcome = OUTCOMES[result.kind];
      return result;
    } finally {
      this.#standing = outcome === "unavailable" ? "unanswered" : "answered";
      this.#onCall({ operation: operation.kind, outcome, seconds: (performance.now() - begun) / 1000 });
    }
  }

  async #answer(operation: Operation, options: CallOptions = {}): Promise<Result> {
    const deadlineMs = clamp(options.deadlineMs ?? this.#deadlineMs);
    const { signal: stop = new AbortController().signal } = options;
    stop.throwIfAborted();
    using deadline = new Deadline(deadlineMs, { stop, clock });
    const connection = this.#connect();
    try {
      return await connection.request(
        operation,
        deadlineMs - Math.min(WAY_MS, deadlineMs * WAY_SHARE),
        deadline.signal,
      );
    } catch (cause) {
      stop.throwIfAborted();
      const why = deadline.isOver ? `no answer within ${deadlineMs} ms` : describe(cause);
      throw new HostdUnavailableError(
        `cannot ${operation.kind} ${objectOf(operation)}: hostd at ${this.#socketPath}: ${why}`,
        { cause, isUnsent: connection.neverOpened },
      );
    }
  }

  #connect(): Connection {
    if (this.#connection === undefined || this.#connection.ended) {
      this.#connection = new Connection(this.#socketPath);
    }
    return this.#connection;
  }
}

interface Waiting {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** One socket from connect to close. Requests are sent at once; the kernel buffers them until hostd accepts. */
class Connection {
  readonly #socket: net.Socket;
  readonly #reader = new LineReader(MAX_REPLY_BYTES);
  readonly #waiting = new Map<number, Waiting>();
  #greeted = false;
  #nextId = 1;
  #opened = false;
  ended = false;

  constructor(path: string) {
    this.#socket = net.connect(path);
    this.#socket.on("connect", () => {
      this.#opened = true;
    });
    this.#socket.on("data", (chunk: Buffer) => {
      this.#receive(chunk);
    });
    this.#socket.on("error", (error) => {
      this.end(error);
    });
    this.#socket.on("close", () => {
      this.end(new Error("the connection was closed"));
    });
  }

  /** It ended so: one that is still waited for sends what it was given once it opens. */
  get neverOpened(): boolean {
    return this.ended && !this.#opened;
  }

  async request(operation: Operation, deadlineMs: number, signal: AbortSignal): Promise<Result> {
    const id = this.#nextId;
    this.#nextId = (id % 0x7fff_ffff) + 1;
    const answered = new Promise<Result>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    const aborted = new AbortController();
    const abandon = (): void => {
      this.#waiting.get(id)?.reject(signal.reason);
    };
    signal.addEventListener("abort", abandon, { signal: aborted.signal });
    this.#socket.ref();
    try {
      this.#socket.write(encodeLine({ id, deadlineMs: clamp(deadlineMs), operation }));
      return await answered;
    } finally {
      aborted.abort();
      this.#waiting.delete(id);
      // A call keeps the process alive, an idle connection does not.
      if (this.#waiting.size === 0) this.#socket.unref();
    }
  }

  end(why: unknown): void {
    this.ended = true;
    this.#socket.destroy();
    for (const { reject } of this.#waiting.values()) reject(why);
  }

  #receive(chunk: Buffer): void {
    try {
      for (const line of this.#reader.feed(chunk)) this.#read(line);
    } catch (error) {
      this.end(error);
    }
  }

  #read(line: string): void {
    if (!this.#greeted) {
      parseHello(line);
      this.#greeted = true;
      return;
    }
    const { id, result } = parseReply(line);
    if (id === 0)
      throw new ProtocolError(`hostd could not read us: ${"why" in result ? result.why : result.kind}`);
    // Nobody waits for the answer to an abandoned call.
    this.#waiting.get(id)?.resolve(result);
  }
}

function clamp(ms: number): number {
  return Math.min(Math.max(Math.round(ms), MIN_DEADLINE_MS), MAX_DEADLINE_MS);
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
