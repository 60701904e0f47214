// The gRPC server: services, health and reflection. It opens no socket: connections are handed to it by host/.
import {
  Server,
  ServerCredentials,
  type ServerInterceptor,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import type { Duplex } from "node:stream";
import type { Answers } from "./answers.ts";
import { refusalOn, type WayIn } from "./access.ts";
import type { ReflectedFiles } from "./reflection-files.ts";
import { addReflection, reflectionServiceNames } from "./reflection.ts";
import type { Service } from "./services.ts";
import { toStatus } from "./status.ts";
import { AgentError } from "../core/errors.ts";
import { inBytes, unary } from "./unary.ts";

export interface ApiServerOptions {
  /** Where its connections come in; on the socket for reading methods that change something are refused. */
  readonly way: WayIn;
  readonly services: readonly Service[];
  /** Those of all sockets: what is answered does not depend on the way in. */
  readonly answers: Answers;
  /** The contract's files, for reflection; called when the first client asks for them. */
  readonly contract: () => Promise<ReflectedFiles>;
  readonly interceptors: readonly ServerInterceptor[];
}

/** A domain's XML may have 2 MiB; nothing else comes near. */
const RECEIVE_LIMIT_BYTES = 16 * 1024 * 1024;

const HEALTH_SERVICE_NAME = "grpc.health.v1.Health";

export class ApiServer {
  readonly #server: Server;
  readonly #connections: ReturnType<Server["createConnectionInjector"]>;
  readonly #health: HealthImplementation;
  readonly #serviceNames: readonly string[];

  constructor({ way, services, answers, contract, interceptors }: ApiServerOptions) {
    this.#server = new Server({
      "grpc.max_receive_message_length": RECEIVE_LIMIT_BYTES,
      interceptors: [...interceptors],
    });
    for (const service of services) addService(this.#server, service, { way, answers });
    const names = services.map(({ name }) => name);
    this.#serviceNames = ["", ...names];
    this.#health = new HealthImplementation(this.#statuses("NOT_SERVING"));
    this.#health.addToServer(this.#server);
    const reflected = [...names, HEALTH_SERVICE_NAME, ...reflectionServiceNames];
    addReflection(this.#server, contract, reflected);
    this.#connections = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  /** Speaks gRPC on a connection that somebody accepted. Who may connect is decided by the socket's owner and mode. */
  accept(connection: Duplex): void {
    this.#connections.injectConnection(connection);
  }

  /** What `grpc.health.v1.Health` answers from now on, for every service and for the server as a whole. */
  setServing(serving: boolean): void {
    for (const name of this.#serviceNames) this.#health.setStatus(name, serving ? "SERVING" : "NOT_SERVING");
  }

  /** Lets calls finish for `graceMs`, then ends what is left. */
  async stop(graceMs: number): Promise<void> {
    this.setServing(false);
    this.#connections.drain(graceMs);
    await new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => {
        resolve();
      });
    });
  }

  #statuses(value: "SERVING" | "NOT_SERVING"): Record<string, "SERVING" | "NOT_SERVING"> {
    return Object.fromEntries(this.#serviceNames.map((name) => [name, value]));
  }
}

function addService(
  server: Server,
  { definition, handlers, access }: Service,
  { way, answers }: Pick<ApiServerOptions, "way" | "answers">,
): void {
  const methods = Object.entries(definition);
  const implementation: UntypedServiceImplementation = {};
  for (const [name, method] of methods) {
    const handler = handlers[name];
    const refusal = refusalOn(way, method.path, access[name] ?? "changes");
    if (refusal) implementation[name] = refused(refusal);
    else if (handler) implementation[name] = unary(method, handler, { socket: way.socket, answers });
    else implementation[name] = refused(notServed(method.path));
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

/** Answers every kind of call with the same error. */
function refused(error: AgentError): UntypedServiceImplementation[string] {
  const told = toStatus(error);
  return (call: { emit?: (event: "error", error: unknown) => void }, callback?: (error: unknown) => void) => {
    if (callback) callback(told);
    else call.emit?.("error", told);
  };
}
