// The services of the contract and who serves them. A method without a handler answers UNIMPLEMENTED.
import type { MethodDefinition } from "@grpc/grpc-js";
import { DomainServiceService } from "../../proto/gen/vgpud/v1/domain_service.ts";
import { GpuServiceService } from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { HostServiceService } from "../../proto/gen/vgpud/v1/host_service.ts";
import { OperationServiceService } from "../../proto/gen/vgpud/v1/operation_service.ts";
import { ReservationServiceService } from "../../proto/gen/vgpud/v1/reservation_service.ts";
import { SimulatorServiceService } from "../../proto/gen/vgpud/v1/simulator_service.ts";
import { VgpuServiceService } from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import { WatchServiceService } from "../../proto/gen/vgpud/v1/watch_service.ts";
import { access, type Access, type AccessOf } from "./access.ts";
import type { ApiContext } from "./context.ts";
import { domainHandlers } from "./domain-service.ts";
import { gpuHandlers } from "./gpu-service.ts";
import { hostHandlers } from "./host-service.ts";
import { methodName } from "./observe-calls.ts";
import { operationHandlers } from "./operation-service.ts";
import { reservationHandlers } from "./reservation-service.ts";
import type { Streaming, Streams } from "./streaming.ts";
import { simulatorHandlers } from "./simulator-service.ts";
import type { Handlers, Unary } from "./unary.ts";
import { vgpuHandlers } from "./vgpu-service.ts";
import { watchStreams } from "./watch-service.ts";

/** A service as the server takes it: its types are checked where it is made, and gone here. */
export interface Service {
  /** `vgpud.v1.DomainService`. */
  readonly name: string;
  readonly definition: Readonly<Record<string, MethodDefinition<unknown, unknown>>>;
  readonly handlers: Readonly<Record<string, Unary<unknown, unknown> | undefined>>;
  /** Of the methods that stream. */
  readonly streams?: Readonly<Record<string, Streaming<unknown> | undefined>>;
  /** What each method may do; one that is not named changes something. */
  readonly access: Readonly<Record<string, Access>>;
}

export function contractServices(context: ApiContext): Service[] {
  const { simulation } = context;
  return [
    service(HostServiceService, access.host, hostHandlers(context)),
    service(GpuServiceService, access.gpu, gpuHandlers(context)),
    service(VgpuServiceService, access.vgpu, vgpuHandlers(context)),
    service(DomainServiceService, access.domain, domainHandlers(context)),
    service(OperationServiceService, access.operation, operationHandlers(context)),
    service(ReservationServiceService, access.reservation, reservationHandlers(context)),
    service(WatchServiceService, access.watch, {}, watchStreams(context)),
    ...(simulation
      ? [service(SimulatorServiceService, access.simulator, simulatorHandlers(simulation))]
      : []),
  ];
}

/** The methods with a handler, as `DomainService/CreateDomain`. */
export function servedMethods(services: readonly Service[]): string[] {
  return services.flatMap(({ definition, handlers }) => methodsIn(definition, handlers));
}

/** The methods that stream, as `WatchService/Watch`. */
export function servedStreams(services: readonly Service[]): string[] {
  return services.flatMap(({ definition, streams = {} }) => methodsIn(definition, streams));
}

function methodsIn(definition: Service["definition"], by: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(definition).flatMap(([name, { path }]) =>
    by[name] === undefined ? [] : [methodName(path)],
  );
}

function service<Definition extends object>(
  definition: Definition,
  access: AccessOf<Definition>,
  handlers: Partial<Handlers<Definition>>,
  streams: Partial<Streams<Definition>> = {},
): Service {
  const erased = definition as unknown as Service["definition"];
  const path = Object.values(erased)[0]?.path ?? "";
  return { name: path.split("/")[1] ?? "", definition: erased, handlers, streams, access };
}
