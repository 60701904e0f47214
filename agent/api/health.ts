// What health probes and load balancers ask: whether the server, or one of its services, takes calls. Written here and not
// taken from grpc-health-check, which reads its contract as text at every start and takes an eighth of it.
import { EventEmitter } from "node:events";
import { status as grpcStatus, type Server } from "@grpc/grpc-js";
import {
  HealthService,
  type HealthCheckResponse,
  type HealthServer,
} from "../../proto/gen/grpc/health/v1/health.ts";

export const HEALTH_SERVICE_NAME = "grpc.health.v1.Health";
const CHANGED = "changed";

export class Health {
  /** The server as a whole is the empty name, as the contract has it. */
  readonly #names: ReadonlySet<string>;
  #serving = false;
  /** A listener for each call of Watch. */
  readonly #changes = new EventEmitter().setMaxListeners(0);

  /** Not serving until it is told so. `serviceNames` are full ones, `vgpud.v1.GpuService`. */
  constructor(serviceNames: readonly string[]) {
    this.#names = new Set(["", ...serviceNames]);
  }

  /** Every service and the server as a whole, from now on. */
  setServing(serving: boolean): void {
    if (serving === this.#serving) return;
    this.#serving = serving;
    this.#changes.emit(CHANGED);
  }

  addTo(server: Server): void {
    const implementation: HealthServer = {
      check: ({ request: { service } }, answer) => {
        if (this.#names.has(service)) answer(null, this.#stateOf(service));
        else answer({ code: grpcStatus.NOT_FOUND, details: `there is no service ${service} here` });
      },
      watch: (call) => {
        const tell = (): void => {
          call.write(this.#stateOf(call.request.service));
        };
        tell();
        // What is not there does not change; the call stays open all the same, as the contract has it.
        if (!this.#names.has(call.request.service)) return;
        this.#changes.on(CHANGED, tell);
        call.once("cancelled", () => this.#changes.off(CHANGED, tell));
      },
      list: (_call, answer) => {
        const states = [...this.#names].map((name) => [name, this.#stateOf(name)] as const);
        answer(null, { statuses: Object.fromEntries(states) });
      },
    };
    server.addService(HealthService, implementation);
  }

  #stateOf(name: string): HealthCheckResponse {
    if (!this.#names.has(name)) return { status: "SERVICE_UNKNOWN" };
    return { status: this.#serving ? "SERVING" : "NOT_SERVING" };
  }
}
