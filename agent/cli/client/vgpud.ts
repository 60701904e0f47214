// The part of the contract that vgpuctl speaks, as promises, over a UNIX socket or TLS.
import { Client, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { DomainServiceService } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { GpuServiceService } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { HostServiceService } from "../../../proto/gen/vgpud/v1/host_service.ts";
import { OperationServiceService } from "../../../proto/gen/vgpud/v1/operation_service.ts";
import { ReservationServiceService } from "../../../proto/gen/vgpud/v1/reservation_service.ts";
import { VgpuServiceService } from "../../../proto/gen/vgpud/v1/vgpu_service.ts";
import {
  WatchServiceService,
  type WatchRequest,
  type WatchResponse,
} from "../../../proto/gen/vgpud/v1/watch_service.ts";
import { callError } from "../errors/call-error.ts";
import { openChannel } from "./channel.ts";
import type { Limit } from "./limit.ts";
import type { Target } from "./target.ts";

export interface VgpudOptions {
  readonly target: Target;
  /** For each call. */
  readonly timeout: Limit;
  /** Until a host has been reached by TLS; by default `timeout`. */
  readonly connectTimeout?: Limit;
  /** Ends the call that is under way, and every later one. */
  readonly signal: AbortSignal;
  /** Called when vgpud has been reached, before a request is sent. */
  readonly onSend: () => void;
}

interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** Calls fail with a CliError. */
export type Vgpud = ReturnType<typeof connect>;

/** Opens nothing yet: the first call connects, so that a wrong command line is told before an absent daemon. */
export function connect(options: VgpudOptions) {
  const closed = new AbortController();
  const calls = { ...options, signal: AbortSignal.any([options.signal, closed.signal]) };
  const channel = openChannel(calls);
  const call = <Request, Response>(method: Method<Request, Response>) => {
    return async (request: Request): Promise<Response> => {
      const client = await channel.reached();
      options.onSend();
      return unaryCall(client, { method, request, options: calls });
    };
  };
  return {
    getHost: call(HostServiceService.getHost),
    diagnose: call(HostServiceService.diagnose),
    drainHost: call(HostServiceService.drainHost),
    undrainHost: call(HostServiceService.undrainHost),
    reconcile: call(HostServiceService.reconcile),
    listGpus: call(GpuServiceService.listGpus),
    getGpu: call(GpuServiceService.getGpu),
    plan: call(GpuServiceService.plan),
    drainGpu: call(GpuServiceService.drainGpu),
    undrainGpu: call(GpuServiceService.undrainGpu),
    setGpuMode: call(GpuServiceService.setGpuMode),
    setVirtualFunctions: call(GpuServiceService.setVirtualFunctions),
    listVgpus: call(VgpuServiceService.listVgpus),
    getVgpu: call(VgpuServiceService.getVgpu),
    createVgpu: call(VgpuServiceService.createVgpu),
    deleteVgpu: call(VgpuServiceService.deleteVgpu),
    listReservations: call(ReservationServiceService.listReservations),
    getReservation: call(ReservationServiceService.getReservation),
    createReservation: call(ReservationServiceService.createReservation),
    renewReservation: call(ReservationServiceService.renewReservation),
    releaseReservation: call(ReservationServiceService.releaseReservation),
    adoptVgpu: call(VgpuServiceService.adoptVgpu),
    releaseVgpu: call(VgpuServiceService.releaseVgpu),
    listDomains: call(DomainServiceService.listDomains),
    getDomain: call(DomainServiceService.getDomain),
    createDomain: call(DomainServiceService.createDomain),
    startDomain: call(DomainServiceService.startDomain),
    stopDomain: call(DomainServiceService.stopDomain),
    destroyDomain: call(DomainServiceService.destroyDomain),
    getOperation: call(OperationServiceService.getOperation),
    /** Lasts until somebody ends it. */
    watch: async function* (request: WatchRequest): AsyncGenerator<WatchResponse> {
      const client = await channel.reached();
      options.onSend();
      yield* streamingCall(client, { method: WatchServiceService.watch, request, options: calls });
    },
    /** Ends the calls that nobody waits for any more, too: they would keep the process. */
    close: () => {
      closed.abort();
      channel.close();
    },
  };
}

interface Call<Request, Response> {
  readonly method: Method<Request, Response>;
  readonly request: Request;
  readonly options: VgpudOptions;
}

function unaryCall<Request, Response>(
  client: Client,
  { method, request, options }: Call<Request, Response>,
): Promise<Response> {
  const { path, requestSerialize, responseDeserialize } = method;
  const { signal, timeout } = options;
  return new Promise((resolve, reject) => {
    const answered = (error: ServiceError | null, response?: Response): void => {
      signal.removeEventListener("abort", cancel);
      if (error === null && response !== undefined) resolve(response);
      else reject(callError(error, options));
    };
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
      { deadline: Date.now() + timeout.ms },
      answered,
    );
    const cancel = (): void => {
      call.cancel();
    };
    signal.addEventListener("abort", cancel);
    if (signal.aborted) cancel();
  });
}

/** Without a deadline. Ended by whoever stops reading, too. */
async function* streamingCall<Request, Response>(
  client: Client,
  { method, request, options }: Call<Request, Response>,
): AsyncGenerator<Response> {
  const { path, requestSerialize, responseDeserialize } = method;
  const { signal } = options;
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
  const cancel = (): void => {
    call.cancel();
  };
  signal.addEventListener("abort", cancel);
  if (signal.aborted) cancel();
  try {
    for await (const response of call) yield response as Response;
  } catch (error) {
    throw isServiceError(error) ? callError(error, options) : error;
  } finally {
    signal.removeEventListener("abort", cancel);
    // What it is told after its end is nobody's.
    call.on("error", () => undefined);
    cancel();
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && typeof error.code === "number" && error.code in status;
}
