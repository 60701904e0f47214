// An ApiServer on a UNIX socket with handlers of a test, and clients that speak to it well or badly.
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import http2 from "node:http2";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { access, type SocketName } from "../../../agent/api/access.ts";
import { Answers } from "../../../agent/api/answers.ts";
import type { EndedCall } from "../../../agent/api/call-record.ts";
import { limitValues, type LimitValues } from "../../../agent/api/limits.ts";
import { ReflectedFiles } from "../../../agent/api/reflection-files.ts";
import { ApiServer } from "../../../agent/api/server.ts";
import type { Service } from "../../../agent/api/services.ts";
import { systemClock } from "../../../agent/core/clock.ts";
import { DomainServiceService as Domains } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { Rpc } from "../../e2e/harness/rpc.ts";

const descriptorSet = new URL("../../../../proto/gen/descriptor.binpb", import.meta.url);

export interface ServedOptions {
  readonly handlers?: Service["handlers"];
  readonly socket?: SocketName;
  readonly limits?: Partial<LimitValues>;
  /** What the handlers answer from, for kept answers; by default it may change at any time. */
  readonly basis?: () => readonly unknown[];
}

/** What came back on a stream of plain HTTP/2. */
export interface Answer {
  /** `grpc-status`; undefined when the stream ended without. */
  readonly code: string | undefined;
  readonly packed: boolean;
}

export class Served implements AsyncDisposable {
  readonly ended: EndedCall[] = [];
  readonly path: string;
  readonly server: ApiServer;
  readonly rpc: Rpc;
  readonly #listener: net.Server;
  readonly #directory: string;
  readonly #watchers = new Set<() => void>();

  private constructor(directory: string, options: ServedOptions) {
    const { handlers = {}, socket = "admin", limits = {}, basis = () => [{}] } = options;
    this.#directory = directory;
    this.path = path.join(directory, "vgpud.sock");
    const definition = Domains as unknown as Service["definition"];
    this.server = new ApiServer({
      way: { socket, adminSocket: "/run/vgpud/vgpud.sock" },
      services: [{ name: "vgpud.v1.DomainService", definition, handlers, access: access.domain }],
      answers: new Answers(basis),
      contract: async () => new ReflectedFiles(await readFile(descriptorSet)),
      clock: systemClock,
      limits: { ...limitValues, ...limits },
      onEnd: (call) => {
        this.ended.push(call);
        for (const watcher of [...this.#watchers]) watcher();
      },
    });
    let connections = 0;
    this.#listener = net.createServer((connection) => {
      connections += 1;
      this.server.accept(connection, connections);
    });
    this.rpc = new Rpc(this.path);
  }

  static async start(options: ServedOptions = {}): Promise<Served> {
    const directory = await mkdtemp(path.join(tmpdir(), "vgpud-api-"));
    const served = new Served(directory, options);
    await once(served.#listener.listen(served.path), "listening");
    return served;
  }

  /** Resolves with the reports once so many calls have ended. */
  async told(count: number): Promise<readonly EndedCall[]> {
    while (this.ended.length < count)
      await new Promise<void>((resolve) => {
        const watcher = (): void => {
          this.#watchers.delete(watcher);
          resolve();
        };
        this.#watchers.add(watcher);
      });
    return this.ended;
  }

  /** A unary call by hand: `body` is what is sent of it, and `finish` whether that is all. */
  async byHand(
    method: string,
    { headers = {}, body, finish }: { headers?: Record<string, string>; body: Buffer; finish: boolean },
  ): Promise<Answer> {
    const session = http2.connect("http://localhost", { createConnection: () => net.connect(this.path) });
    session.on("error", () => undefined);
    const stream = session.request({
      ...{ ":method": "POST", ":path": method, "content-type": "application/grpc", te: "trailers" },
      ...headers,
    });
    const seen: http2.IncomingHttpHeaders = {};
    for (const event of ["response", "trailers"])
      stream.on(event, (headers: http2.IncomingHttpHeaders) => {
        Object.assign(seen, headers);
      });
    stream.on("error", () => undefined);
    stream.resume();
    if (finish) stream.end(body);
    else stream.write(body);
    await Promise.race([once(stream, "end"), once(stream, "close")]).catch(() => undefined);
    session.destroy();
    const code = seen["grpc-status"];
    return { code: typeof code === "string" ? code : undefined, packed: "grpc-status-details-bin" in seen };
  }

  /** How many calls at a time the server tells a client of HTTP/2 that it may have on a connection. */
  async streams(): Promise<number | undefined> {
    const session = http2.connect("http://localhost", { createConnection: () => net.connect(this.path) });
    const [{ maxConcurrentStreams }] = (await once(session, "remoteSettings")) as [http2.Settings];
    session.destroy();
    return maxConcurrentStreams;
  }

  /** Sends a request and grants no room for its answer; returns how to go away. */
  unread(method: string, body: Buffer): () => void {
    const session = http2.connect("http://localhost", {
      createConnection: () => net.connect(this.path),
      settings: { initialWindowSize: 0 },
    });
    session.on("error", () => undefined);
    const stream = session.request({
      ...{ ":method": "POST", ":path": method, "content-type": "application/grpc", te: "trailers" },
    });
    stream.on("error", () => undefined).end(body);
    return () => {
      session.destroy();
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.rpc[Symbol.dispose]();
    this.#listener.close();
    await this.server.stop(0);
    await rm(this.#directory, { recursive: true });
  }
}

/** A message as gRPC frames it. */
export function framed(message: Buffer, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

/** A handler that answers when told to; when its caller ends it ends, too, unless it is deaf, as a disk is that hangs. */
export function held({ deaf = false } = {}): {
  readonly handler: (request: unknown, caller: { readonly signal: AbortSignal }) => Promise<unknown>;
  readonly begun: (count: number) => Promise<void>;
  readonly finish: () => void;
} {
  const waiting: (() => void)[] = [];
  const watchers = new Set<() => void>();
  return {
    handler: (_request, { signal }) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => {
          if (!deaf) reject(signal.reason as Error);
        });
        waiting.push(() => {
          resolve({});
        });
        for (const watcher of [...watchers]) watcher();
      }),
    begun: async (count) => {
      while (waiting.length < count)
        await new Promise<void>((resolve) => {
          watchers.add(resolve);
        });
    },
    finish: () => {
      for (const answer of waiting) answer();
    },
  };
}
