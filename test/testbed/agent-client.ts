// A client of the daemon in the bed: the generated stubs with promises, and a refusal read as a caller reads it.
import assert from "node:assert/strict";
import {
  credentials,
  Metadata,
  status,
  type CallOptions,
  type ClientUnaryCall,
  type ServiceError,
} from "@grpc/grpc-js";
import { Duration } from "../../proto/gen/google/protobuf/duration.ts";
import { ErrorInfo, RetryInfo } from "../../proto/gen/google/rpc/error_details.ts";
import { Status } from "../../proto/gen/google/rpc/status.ts";
import type { Domain } from "../../proto/gen/vgpud/v1/domain.ts";
import {
  CreateDomainRequest,
  DestroyDomainRequest,
  DomainServiceClient,
  GetDomainRequest,
  ListDomainsRequest,
  StartDomainRequest,
  StopDomainRequest,
  type CreateDomainResponse,
  type ListDomainsResponse,
} from "../../proto/gen/vgpud/v1/domain_service.ts";
import type { Gpu } from "../../proto/gen/vgpud/v1/gpu.ts";
import {
  GpuServiceClient,
  ListGpusRequest,
  PlanRequest,
  type ListGpusResponse,
  type PlanResponse,
} from "../../proto/gen/vgpud/v1/gpu_service.ts";
import { PlacementDecision } from "../../proto/gen/vgpud/v1/placement.ts";
import type { Vgpu } from "../../proto/gen/vgpud/v1/vgpu.ts";
import {
  ListVgpusRequest,
  VgpuServiceClient,
  type ListVgpusResponse,
} from "../../proto/gen/vgpud/v1/vgpu_service.ts";
import type { Suffix } from "./gpu.ts";

/** Emulation stretches everything: a domain's start takes ten seconds and more. */
const CALL_MS = 600_000;

type Done<Response> = (error: ServiceError | null, response: Response) => void;

export class AgentClient {
  readonly #domains: DomainServiceClient;
  readonly #gpus: GpuServiceClient;
  readonly #vgpus: VgpuServiceClient;

  /** `socket` is a path on this machine. */
  constructor(socket: string) {
    const [address, insecure] = [`unix:${socket}`, credentials.createInsecure()];
    this.#domains = new DomainServiceClient(address, insecure);
    this.#gpus = new GpuServiceClient(address, insecure);
    this.#vgpus = new VgpuServiceClient(address, insecure);
  }

  createDomain(request: CreateDomainRequest): Promise<CreateDomainResponse> {
    return unary((options, done) => this.#domains.createDomain(request, new Metadata(), options, done));
  }

  async startDomain(name: string): Promise<Domain> {
    const request = StartDomainRequest.create({ domain: byName(name) });
    return shown(
      await unary((options, done) => this.#domains.startDomain(request, new Metadata(), options, done)),
    );
  }

  async stopDomain(name: string, graceSeconds: number): Promise<Domain> {
    const request = StopDomainRequest.create({ domain: byName(name), gracePeriod: seconds(graceSeconds) });
    return shown(
      await unary((options, done) => this.#domains.stopDomain(request, new Metadata(), options, done)),
    );
  }

  /** Without a grace period: nothing in the bed's guests would use it. */
  async destroyDomain(name: string): Promise<Domain> {
    const request = DestroyDomainRequest.create({ domain: byName(name), gracePeriod: seconds(0) });
    return shown(
      await unary((options, done) => this.#domains.destroyDomain(request, new Metadata(), options, done)),
    );
  }

  async getClaim(claimId: string): Promise<Domain> {
    const request = GetDomainRequest.create({ domain: { ref: { $case: "claimId", value: claimId } } });
    return shown(
      await unary((options, done) => this.#domains.getDomain(request, new Metadata(), options, done)),
    );
  }

  listDomains(): Promise<ListDomainsResponse> {
    const request = ListDomainsRequest.create();
    return unary((options, done) => this.#domains.listDomains(request, new Metadata(), options, done));
  }

  async listVgpus(): Promise<readonly Vgpu[]> {
    const request = ListVgpusRequest.create();
    const answer = await unary<ListVgpusResponse>((options, done) =>
      this.#vgpus.listVgpus(request, new Metadata(), options, done),
    );
    return answer.vgpus;
  }

  async listGpus(): Promise<readonly Gpu[]> {
    const request = ListGpusRequest.create();
    const { gpus } = await unary<ListGpusResponse>((options, done) =>
      this.#gpus.listGpus(request, new Metadata(), options, done),
    );
    return gpus;
  }

  /** The bed's only GPU. */
  async gpu(): Promise<Gpu> {
    const gpus = await this.listGpus();
    assert.equal(gpus.length, 1);
    return defined(gpus[0]);
  }

  /** Of one slice of each type. */
  plan(types: readonly Suffix[]): Promise<PlanResponse> {
    const items = types.map((suffix) => ({
      vgpu: { want: { $case: "type", value: `i915-GVTg_V5_${suffix}` } } as const,
    }));
    const request = PlanRequest.fromPartial({ items });
    return unary((options, done) => this.#gpus.plan(request, new Metadata(), options, done));
  }

  close(): void {
    for (const client of [this.#domains, this.#gpus, this.#vgpus]) client.close();
  }
}

/** What a caller learns from a refusal. */
export interface Refusal {
  readonly code: string | undefined;
  readonly reason: string;
  readonly message: string;
  /** Of the ErrorInfo. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Undefined when the refusal does not say when to try again. */
  readonly retrySeconds: number | undefined;
  readonly decision: PlacementDecision | undefined;
}

/** The refusal that the call must end in. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    () => assert.fail("the call was not refused"),
    (caught: unknown) => caught,
  );
  assert.ok(isServiceError(error), String(error));
  const [body] = error.metadata.get("grpc-status-details-bin");
  assert.ok(Buffer.isBuffer(body), `a refusal without details: ${error.message}`);
  const { message, details } = Status.decode(body);
  const find = (type: string): Buffer | undefined =>
    details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/${type}`)?.value;
  const { reason, metadata } = ErrorInfo.decode(defined(find("google.rpc.ErrorInfo")));
  const retry = find("google.rpc.RetryInfo");
  const decision = find("vgpud.v1.PlacementDecision");
  return {
    ...{ code: status[error.code], reason, message, metadata },
    retrySeconds: retry && Number(RetryInfo.decode(retry).retryDelay?.seconds),
    decision: decision && PlacementDecision.decode(decision),
  };
}

export function defined<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

function unary<Response>(
  start: (options: Partial<CallOptions>, done: Done<Response>) => ClientUnaryCall,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    start({ deadline: Date.now() + CALL_MS }, (error, response) => {
      if (error) reject(error);
      else resolve(response);
    });
  });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && "metadata" in error;
}

function byName(name: string): { ref: { $case: "name"; value: string } } {
  return { ref: { $case: "name", value: name } };
}

function shown({ domain }: { readonly domain?: Domain | undefined }): Domain {
  return defined(domain);
}

function seconds(count: number): Duration {
  return Duration.create({ seconds: BigInt(count) });
}
