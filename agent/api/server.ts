// The gRPC server: services, health and reflection. It opens no socket: connections are handed to it by host/.
import { Server, ServerCredentials, type Metadata, type UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Duplex } from "node:stream";
import type { Clock } from "../core/clock.ts";
import { AgentError } from "../core/errors.ts";
import { Patience } from "../core/patience.ts";
import { nobodyListens, type OnPoint } from "../lifecycle/crash-points.ts";
import { refusalOn, type Access, type RemoteClient, type WayIn } from "./access.ts";
import type { Answers } from "./answers.ts";
import { CallRate } from "./call-rate.ts";
import type { CallRecord, EndedCall } from "./call-record.ts";
import { Health, HEALTH_SERVICE_NAME } from "./health.ts";
import { channelOptions, requestBytesOn, type LimitValues } from "./limits.ts";
import { observeCalls } from "./observe-calls.ts";
import type { ReflectedFiles } from "./reflection-files.ts";
import { addReflection, reflectionServiceNames } from "./reflection.ts";
import { RunningCalls } from "./running-calls.ts";
import type { Service } from "./services.ts";
import { streaming } from "./streaming.ts";
import { inBytes, unary, type Answering } from "./unary.ts";

export interface ApiServerOptions {
  /** Where its connections come in; on the socket for reading methods that change something are refused. */
  readonly way: WayIn;
  readonly services: readonly Service[];
  /** Those of all sockets: what is answered does not depend on the way in. */
  readonly answers: Answers;
  /** The contract's files, for reflection; called when the first client asks for them. */
  readonly contract: () => Promise<ReflectedFiles>;
  readonly clock: Clock;
  readonly limits: LimitValues;
  /** Hears of each call once, when it is over. */
  readonly onEnd: (call: EndedCall) => void;
  readonly onPoint?: OnPoint | undefined;
}

/** For the answers of calls that the end of the grace cut off, and then for those who follow the server's health. */
const CUT_MS = 400;
const FLUSH_MS = 400;

export class ApiServer {
  readonly #server: Server;
  readonly #connections: ReturnType<Server["createConnectionInjector"]>;
  readonly #health: Health;
  readonly #clock: Clock;
  readonly #running: RunningCalls;
  readonly #rate: CallRate;
  /** Those that are open, by their numbers. */
  readonly #accepted = new Map<number, Duplex>();
  /** Of those that came by TLS, by the same numbers. */
  readonly #clients = new Map<number, RemoteClient>();
  readonly #stopped = new AbortController();

  constructor(options: ApiServerOptions) {
    const { way, services, answers, contract, clock, limits, onEnd, onPoint = nobodyListens } = options;
    this.#clock = clock;
    this.#rate = new CallRate(clock, limits.connectionRate);
    this.#running = new RunningCalls(limits, this.#rate);
    const patience = (ms: number): Patience => new Patience(clock, ms, this.#stopped.signal);
    const records = new WeakMap<Metadata, CallRecord>();
    const accesses = accessesOf(services);
    const observed = observeCalls({
      ...{ clock, socket: way.socket, records, onEnd },
      accessOf: (path) => accesses.get(path),
      arrival: patience(limits.requestMs),
      taking: patience(limits.takeMs),
      clientOf: (connection) => this.#clients.get(connection),
      cut: (connection) => this.#accepted.get(connection)?.destroy(),
      limits: { requestMs: limits.requestMs, requestBytes: requestBytesOn(way.socket, limits) },
    });
    this.#server = new Server({ ...channelOptions(way.socket, limits), interceptors: [observed] });
    const answering = {
      ...{ answers, records, onPoint, running: this.#running },
      patience: {
        reads: { of: patience(limits.readMs), ms: limits.readMs },
        changes: { of: patience(limits.changeMs), ms: limits.changeMs },
      },
    };
    for (const service of services) addService(this.#server, service, way, answering);
    const names = services.map(({ name }) => name);
    this.#health = new Health(names);
    this.#health.addTo(this.#server);
    const reflected = [...names, HEALTH_SERVICE_NAME, ...reflectionServiceNames];
    addReflection(this.#server, contract, reflected);
    this.#connections = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  /**
   * Speaks gRPC on a connection that somebody accepted. Who may connect is decided by the socket's owner and mode, or by the
   * client's certificate. `number` is what the connection's calls are told apart by in the log.
   */
  accept(connection: Duplex, number: number, client?: RemoteClient): void {
    // grpc-js asks the connection alone for a call's peer: that of a UNIX socket has no address, and that of others is known by now.
    Object.defineProperties(connection, {
      remoteAddress: { value: String(number) },
      remotePort: { value: undefined },
    });
    this.#accepted.set(number, connection);
    if (client) this.#clients.set(number, client);
    connection.once("close", () => {
      this.#accepted.delete(number);
      this.#clients.delete(number);
      this.#rate.forget(number);
    });
    this.#connections.injectConnection(connection);
  }

  /** What `grpc.health.v1.Health` answers from now on, for every service and for the server as a whole. */
  setServing(serving: boolean): void {
    if (serving && this.#running.closed) return;
    this.#health.setServing(serving);
  }

  /** Refuses new calls, lets those under way finish for `graceMs`, then ends what is left. */
  async stop(graceMs: number): Promise<{ readonly cut: number }> {
    this.#running.close();
    this.setServing(false);
    await this.#idleWithin(graceMs);
    const cut = this.#running.count;
    this.#running.cut();
    await this.#idleWithin(CUT_MS);
    this.#running.abandon();
    this.#connections.drain(FLUSH_MS);
    await new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => {
        resolve();
      });
    });
    this.#stopped.abort();
    return { cut };
  }

  async #idleWithin(ms: number): Promise<void> {
    const idle = new AbortController();
    const patience = this.#clock.sleep(ms, idle.signal).catch(() => undefined);
    await Promise.race([this.#running.idle(), patience]);
    idle.abort();
  }
}

function accessesOf(services: readonly Service[]): ReadonlyMap<string, Access> {
  return new Map(
    services.flatMap(({ definition, access }) =>
      Object.entries(definition).map(([name, { path }]) => [path, access[name] ?? "changes"] as const),
    ),
  );
}

function addService(
  server: Server,
  { definition, handlers, streams = {}, access }: Service,
  way: WayIn,
  answering: Answering,
): void {
  const methods = Object.entries(definition);
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of methods) {
    const may = access[name] ?? "changes";
    const refusal = refusalOn(way, method.path, may);
    const refused = refusal ?? notServed(method.path);
    const asked = { access: may, definition: method };
    implementation[name] = method.responseStream
      ? streaming({ ...asked, handler: refusal ?? streams[name] ?? refused }, answering)
      : unary({ ...asked, handler: refusal ?? handlers[name] ?? refused }, answering);
  }
  server.addService(
    Object.fromEntries(methods.map(([name, method]) => [name, inBytes(method)])),
    implementation,
  );
}

/** The contract has the method, this release does not serve it. */
function notServed(path: string): AgentError {
  return new AgentError("NOT_IMPLEMENTED", `${path} is not served by this release`, {
    details: { method: path },
  });
}
