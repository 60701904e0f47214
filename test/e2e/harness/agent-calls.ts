// What tests ask of an agent over its socket, wherever it runs.
import {
  type CreateDomainRequest,
  type CreateDomainResponse,
  DestroyDomainRequest,
  type DestroyDomainResponse,
  DomainServiceService as Domains,
  StartDomainRequest,
  type StartDomainResponse,
  StopDomainRequest,
  type StopDomainResponse,
} from "../../../proto/gen/vgpud/v1/domain_service.ts";
import type { Domain, DomainRef } from "../../../proto/gen/vgpud/v1/domain.ts";
import type { Gpu } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { GpuServiceService as Gpus } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import type { Host } from "../../../proto/gen/vgpud/v1/host.ts";
import { HostServiceService as Hosts } from "../../../proto/gen/vgpud/v1/host_service.ts";
import type { Operation } from "../../../proto/gen/vgpud/v1/operation.ts";
import { OperationServiceService as Operations } from "../../../proto/gen/vgpud/v1/operation_service.ts";
import type { Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import { VgpuServiceService as Vgpus } from "../../../proto/gen/vgpud/v1/vgpu_service.ts";
import type { Rpc } from "./rpc.ts";

export abstract class AgentCalls {
  /** To the agent that runs. */
  abstract readonly rpc: Rpc;

  async createAs(request: CreateDomainRequest): Promise<CreateDomainResponse> {
    return await this.rpc.call(Domains.createDomain, request);
  }

  async start(name: string, requestId = ""): Promise<StartDomainResponse> {
    return await this.rpc.call(
      Domains.startDomain,
      StartDomainRequest.fromPartial({ ...by(name), requestId }),
    );
  }

  async stop(
    name: string,
    how: Parameters<typeof StopDomainRequest.fromPartial>[0] = {},
  ): Promise<StopDomainResponse> {
    return await this.rpc.call(Domains.stopDomain, StopDomainRequest.fromPartial({ ...by(name), ...how }));
  }

  async destroy(
    name: string,
    how: Parameters<typeof DestroyDomainRequest.fromPartial>[0] = {},
  ): Promise<DestroyDomainResponse> {
    return await this.rpc.call(
      Domains.destroyDomain,
      DestroyDomainRequest.fromPartial({ ...by(name), ...how }),
    );
  }

  async domain(ref: DomainRef["ref"]): Promise<Domain> {
    const { domain } = await this.rpc.call(Domains.getDomain, { domain: { ref }, withUsage: false });
    return present(domain);
  }

  async named(name: string): Promise<Domain> {
    return await this.domain({ $case: "name", value: name });
  }

  async claimed(name: string): Promise<Domain> {
    return await this.domain({ $case: "claimId", value: `claim-${name}` });
  }

  async domains(): Promise<readonly Domain[]> {
    return (await this.rpc.call(Domains.listDomains, { pageSize: 1000, pageToken: "", withUsage: false }))
      .domains;
  }

  async vgpus(): Promise<readonly Vgpu[]> {
    return (await this.rpc.call(Vgpus.listVgpus, { pageSize: 1000, pageToken: "" })).vgpus;
  }

  async gpus(): Promise<readonly Gpu[]> {
    return (await this.rpc.call(Gpus.listGpus, { pageSize: 1000, pageToken: "" })).gpus;
  }

  async shownHost(): Promise<Host> {
    return present((await this.rpc.call(Hosts.getHost, {})).host);
  }

  async operation(name: string): Promise<Operation> {
    return present((await this.rpc.call(Operations.getOperation, { name })).operation);
  }
}

function by(name: string): { readonly domain: DomainRef } {
  return { domain: { ref: { $case: "name", value: name } } };
}

/** A value that the contract promises. */
export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the answer lacks what the contract promises");
  return value;
}
