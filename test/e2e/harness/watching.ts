// A client of WatchService that keeps what it is told, and can leave and come back at any item.
import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { keyOf } from "../../../agent/cli/changes/mirror.ts";
import {
  WatchEventType as Type,
  WatchRequest,
  type WatchResponse,
  WatchServiceService as Watches,
} from "../../../proto/gen/vgpud/v1/watch_service.ts";
import { Rpc, RpcError } from "./rpc.ts";

type WatchObject = NonNullable<WatchResponse["object"]>;

export interface WatchingOptions {
  readonly kinds?: WatchRequest["kinds"];
  readonly resumeToken?: string;
  /** After how many items of a stream the client leaves it and comes back; undefined: it stays. */
  readonly stay?: () => number;
}

export class Watching implements Disposable {
  readonly items: WatchResponse[] = [];
  /** By kind and name. */
  readonly objects = new Map<string, WatchObject>();
  /** Streams that were begun. */
  streams = 0;
  /** Streams that began with a snapshot. */
  snapshots = 0;
  token: string;
  /** Why the last stream ended, unless the client left it. */
  error: RpcError | undefined;
  readonly #rpc: Rpc;
  readonly #options: WatchingOptions;
  readonly #listeners = new Set<() => void>();
  #stream: ClientReadableStream<WatchResponse> | undefined;

  /** Has a connection of its own. */
  constructor(socket: string, options: WatchingOptions = {}) {
    this.#rpc = new Rpc(socket);
    this.#options = options;
    this.token = options.resumeToken ?? "";
    this.open();
  }

  /** Behind the last token; without one anew. */
  open(): void {
    const { kinds = [], stay } = this.#options;
    const leaveAfter = stay?.() ?? Infinity;
    const stream = this.#rpc.stream(
      Watches.watch,
      WatchRequest.fromPartial({ resumeToken: this.token, kinds }),
    );
    this.#stream = stream;
    this.streams += 1;
    if (this.token === "") {
      this.snapshots += 1;
      this.objects.clear();
    }
    let taken = 0;
    stream.on("data", (item: WatchResponse) => {
      if (this.#stream !== stream) return;
      this.#take(item);
      taken += 1;
      if (taken >= leaveAfter && item.type !== Type.SNAPSHOT) {
        this.leave();
        this.open();
      }
    });
    stream.on("error", (error: ServiceError) => {
      if (this.#stream !== stream) return;
      this.error = new RpcError(error);
      this.#tell();
    });
  }

  leave(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.cancel();
  }

  /** Resolves when it is so, now or after some item. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition())
      await new Promise<void>((resolve) => {
        const once = (): void => {
          this.#listeners.delete(once);
          resolve();
        };
        this.#listeners.add(once);
      });
  }

  /** Resolves when the snapshot is whole. */
  async synced(): Promise<this> {
    await this.until(() => this.items.some(({ type }) => type === Type.SYNCED));
    return this;
  }

  /** Resolves with the error that ends the stream. */
  async ended(): Promise<RpcError> {
    await this.until(() => this.error !== undefined);
    if (!this.error) throw new Error("the stream goes on");
    return this.error;
  }

  /** What it was told of, with the name of a domain and its state, or of a reservation: `domain web SHUT_OFF`. */
  get told(): readonly string[] {
    return this.items.map(({ type, object }) =>
      [type.replace("WATCH_EVENT_TYPE_", ""), object ? titleOf(object) : ""].join(" ").trim(),
    );
  }

  #take(item: WatchResponse): void {
    const { type, object, resumeToken } = item;
    this.items.push(item);
    if (resumeToken !== "") this.token = resumeToken;
    if (object) {
      if (type === Type.DELETED) this.objects.delete(keyOf(object));
      else this.objects.set(keyOf(object), object);
    }
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  [Symbol.dispose](): void {
    this.leave();
    this.#rpc[Symbol.dispose]();
  }
}

/** Reads the first item of a watch and no more, until it is asked for its end. */
export class StuckWatching implements Disposable {
  readonly #rpc: Rpc;
  readonly #stream: ClientReadableStream<WatchResponse>;

  constructor(socket: string) {
    this.#rpc = new Rpc(socket);
    this.#stream = this.#rpc.stream(Watches.watch, WatchRequest.fromPartial({}));
    this.#stream.on("error", () => undefined);
    // One that has read nothing at all takes everything into the memory of the client.
    this.#stream.once("data", () => this.#stream.pause());
  }

  /** Reads all there is. */
  async end(): Promise<RpcError> {
    return await new Promise((resolve) => {
      this.#stream.on("error", (error: ServiceError) => {
        resolve(new RpcError(error));
      });
      this.#stream.resume();
    });
  }

  [Symbol.dispose](): void {
    this.#stream.cancel();
    this.#rpc[Symbol.dispose]();
  }
}

function titleOf(object: WatchObject): string {
  const { $case: kind, value } = object;
  if (kind === "reservation") return `${kind} ${value.claimId}`;
  return kind === "domain" ? `${kind} ${value.name} ${value.state.replace("DOMAIN_STATE_", "")}` : kind;
}
