// A small vgpud on a UNIX socket: it keeps domains in a map and answers from fixed facts. Real gRPC on both sides.
import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerWritableStream,
} from "@grpc/grpc-js";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClaimState } from "../../../proto/gen/vgpud/v1/claim.ts";
import { Domain, DomainState, type DomainRef } from "../../../proto/gen/vgpud/v1/domain.ts";
import {
  DomainServiceService,
  type CreateDomainRequest,
  type GetDomainRequest,
} from "../../../proto/gen/vgpud/v1/domain_service.ts";
import { GpuServiceService, type PlanResponse } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { HostServiceService } from "../../../proto/gen/vgpud/v1/host_service.ts";
import type { Operation } from "../../../proto/gen/vgpud/v1/operation.ts";
import { OperationServiceService } from "../../../proto/gen/vgpud/v1/operation_service.ts";
import { ReservationServiceService } from "../../../proto/gen/vgpud/v1/reservation_service.ts";
import {
  VgpuServiceService,
  type AdoptVgpuRequest,
  type GetVgpuRequest,
} from "../../../proto/gen/vgpud/v1/vgpu_service.ts";
import {
  WatchServiceService,
  type WatchRequest,
  type WatchResponse,
} from "../../../proto/gen/vgpud/v1/watch_service.ts";
import * as facts from "./facts.ts";
import { Refused, statusOf, type Refusal } from "./fake-refusal.ts";

export interface FakeVgpud extends AsyncDisposable {
  readonly socketPath: string;
  /** By claim id. */
  readonly domains: Map<string, Domain>;
  /** The requests of the mutations, in their order. */
  readonly requests: unknown[];
  /** Every call from now on is refused, or none any more. */
  refuse(refusal: Refusal | undefined): void;
  /** Operations are shown so from now on. */
  operate(operation: Partial<Operation>): void;
  /** Every call from now on is left without an answer. */
  hang(): Hung;
  /** A removal is held up by a process from now on. */
  hold(): void;
  /** The host has no GPU from now on. */
  bare(): void;
  /** Plans are answered so from now on. */
  plan(plan: PlanResponse): void;
  /** What the next watches are told, one after the other. */
  readonly watches: ToldWatch[];
}

/** One stream: its items, and how it ends; without an end it stays open. */
interface ToldWatch {
  readonly items: readonly WatchResponse[];
  readonly end?: Refusal;
}

/** What becomes of the calls that get no answer. */
interface Hung {
  /** Resolves when one has come. */
  readonly asked: Promise<void>;
  /** Resolves when the client has given one up. */
  readonly cancelled: Promise<void>;
}

export async function fakeVgpud(): Promise<FakeVgpud> {
  const folder = await mkdtemp(join(tmpdir(), "vgpuctl-"));
  const socketPath = join(folder, "vgpud.sock");
  const state = new FakeState();
  const server = new Server();
  const services = [addHost, addGpus, addVgpus, addReservations, addDomains, addOperations, addWatches];
  for (const add of services) add(server, state);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  return {
    socketPath,
    domains: state.domains,
    requests: state.requests,
    watches: state.watches,
    refuse: (refusal) => {
      state.refusal = refusal;
    },
    operate: (operation) => {
      state.operation = { ...facts.operation, ...operation };
    },
    hang: () => {
      let asked = (): void => undefined;
      let cancelled = (): void => undefined;
      const hung: Hung = {
        asked: new Promise((resolve) => (asked = resolve)),
        cancelled: new Promise((resolve) => (cancelled = resolve)),
      };
      state.hung = { asked, cancelled };
      return hung;
    },
    hold: () => {
      state.held = true;
    },
    bare: () => {
      state.gpus = [];
    },
    plan: (plan) => {
      state.plan = plan;
    },
    [Symbol.asyncDispose]: async () => {
      server.forceShutdown();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

class FakeState {
  readonly domains = new Map<string, Domain>([[facts.domain.claimId, facts.domain]]);
  readonly requests: unknown[] = [];
  readonly watches: ToldWatch[] = [];
  refusal: Refusal | undefined;
  hung: { readonly asked: () => void; readonly cancelled: () => void } | undefined;
  held = false;
  operation: Operation = facts.operation;
  gpus = [facts.idleGpu, facts.gpu];
  plan: PlanResponse = facts.plan;

  has(reference: DomainRef | undefined): boolean {
    return this.#found(reference) !== undefined;
  }

  find(reference: DomainRef | undefined): Domain {
    const found = this.#found(reference);
    if (found !== undefined) return found;
    const ref = reference?.ref;
    throw new Refused({
      code: status.NOT_FOUND,
      message: `there is no domain ${ref?.value ?? ""}`,
      reason: "DOMAIN_NOT_FOUND",
    });
  }

  #found(reference: DomainRef | undefined): Domain | undefined {
    const named = reference?.ref?.value;
    return [...this.domains.values()].find(({ claimId, uuid, name }) =>
      [claimId, uuid, name].includes(named ?? ""),
    );
  }

  create(request: CreateDomainRequest): Domain {
    const { claimId, domain: spec } = request;
    const repeated = this.domains.get(claimId);
    if (repeated) return repeated;
    const domain = Domain.fromPartial({
      ...facts.domain,
      claimId,
      name: spec?.name ?? "",
      vcpus: spec?.vcpus,
      memoryMib: spec?.memoryMib,
    });
    this.domains.set(claimId, domain);
    return domain;
  }

  change(domain: Domain, state: DomainState, claimState: ClaimState): Domain {
    // As it listens where it did last, if it does at all.
    const consoles = state === DomainState.RUNNING ? facts.domain.consoles : [];
    const changed = { ...domain, state, claimState, consoles };
    this.domains.set(domain.claimId, changed);
    return changed;
  }

  destroy(domain: Domain): Domain {
    if (!this.held) return this.change(domain, DomainState.UNKNOWN, ClaimState.GONE);
    const held = this.change(domain, DomainState.SHUT_OFF, ClaimState.DELETING);
    const failure = { reason: "VGPU_IN_USE", message: "the vGPU is still open", metadata: {} };
    return { ...held, failure, holders: [{ pid: 4711, command: "qemu-system-x86" }] };
  }
}

type Handler<Request, Response> = (
  call: { readonly request: Request; on(event: "cancelled", listener: () => void): unknown },
  callback: sendUnaryData<Response>,
) => void;

/** Refuses or hangs as the state says, and answers otherwise. */
function handler<Request, Response>(
  state: FakeState,
  answer: (request: Request) => Response,
): Handler<Request, Response> {
  return (call, callback) => {
    if (state.hung !== undefined) {
      call.on("cancelled", state.hung.cancelled);
      state.hung.asked();
      return;
    }
    const { request } = call;
    try {
      if (state.refusal !== undefined) throw new Refused(state.refusal);
      callback(null, answer(request));
    } catch (error) {
      callback(error instanceof Refused ? statusOf(error.refusal) : { code: status.INTERNAL });
    }
  };
}

const unserved = handler(new FakeState(), () => {
  throw new Refused({ code: status.UNIMPLEMENTED, message: "not served", reason: "NOT_IMPLEMENTED" });
});

function addHost(server: Server, state: FakeState): void {
  server.addService(HostServiceService, {
    getHost: handler(state, () => facts.hostResponse),
    diagnose: unserved,
    drainHost: change(state, ({ note }: { note: string }) => ({ host: facts.hostDrained(note) })),
    undrainHost: change(state, () => ({ host: facts.hostResponse.host })),
    reconcile: change(state, ({ dryRun }: { dryRun: boolean }) =>
      dryRun ? facts.plannedSteps : state.held ? facts.heldSteps : facts.takenSteps,
    ),
  });
}

function addGpus(server: Server, state: FakeState): void {
  server.addService(GpuServiceService, {
    // One on each page: what is listed must have come by all of them.
    listGpus: handler(state, ({ pageToken }: { pageToken: string }) => ({
      gpus: state.gpus.slice(Number(pageToken), Number(pageToken) + 1),
      nextPageToken: Number(pageToken) + 1 < state.gpus.length ? String(Number(pageToken) + 1) : "",
      resumeToken: "epoch.7",
      observeTime: facts.observeTime,
    })),
    getGpu: handler(state, ({ gpu }: { gpu: string }) => {
      if (gpu === facts.gpu.pciAddress) return { gpu: facts.gpu, observeTime: facts.observeTime };
      throw new Refused({
        code: status.NOT_FOUND,
        message: `there is no GPU ${gpu}`,
        reason: "GPU_NOT_FOUND",
      });
    }),
    plan: change(state, () => state.plan),
    drainGpu: change(state, ({ note }: { note: string }) => ({ gpu: facts.gpuDrained(note) })),
    undrainGpu: change(state, () => ({ gpu: facts.gpu })),
    setGpuMode: change(state, () => ({ gpu: facts.gpu, warnings: [] })),
    setVirtualFunctions: change(state, () => ({ gpu: facts.gpu, warnings: [] })),
  });
}

function addVgpus(server: Server, state: FakeState): void {
  server.addService(VgpuServiceService, {
    listVgpus: handler(state, () => ({
      vgpus: [facts.foreignVgpu, facts.vgpu],
      nextPageToken: "",
      resumeToken: "epoch.7",
      observeTime: facts.observeTime,
    })),
    getVgpu: handler(state, ({ vgpu: named }: GetVgpuRequest) => ({
      vgpu: named?.ref?.value === facts.lentVgpu.claimId ? facts.lentVgpu : facts.vgpu,
      observeTime: facts.observeTime,
    })),
    createVgpu: change(state, ({ validateOnly }: { validateOnly: boolean }) => ({
      vgpu: validateOnly ? undefined : facts.lentVgpu,
      decision: facts.decision,
      operation: validateOnly ? "" : facts.operation.name,
    })),
    deleteVgpu: change(state, ({ allowMissing }: { allowMissing: boolean }) => ({
      vgpu: allowMissing ? undefined : { ...facts.lentVgpu, claimState: ClaimState.GONE, present: false },
      operation: allowMissing ? "" : facts.operation.name,
    })),
    adoptVgpu: change(state, (request: AdoptVgpuRequest) => ({
      vgpu: request.validateOnly ? undefined : facts.adoptedVgpu(request.claimId),
      domain: request.withDomain && !request.validateOnly ? facts.domain : undefined,
    })),
    releaseVgpu: change(state, () => ({ vgpu: facts.foreignVgpu })),
  });
}

function addReservations(server: Server, state: FakeState): void {
  const { reservation, observeTime, decision } = facts;
  server.addService(ReservationServiceService, {
    listReservations: handler(state, () => ({
      ...{ reservations: [reservation], nextPageToken: "", resumeToken: "epoch.7", observeTime },
    })),
    getReservation: handler(state, () => ({ reservation, observeTime })),
    createReservation: change(state, ({ validateOnly }: { validateOnly: boolean }) => ({
      ...{ reservation: validateOnly ? undefined : reservation, decision },
    })),
    renewReservation: change(state, () => ({ reservation })),
    releaseReservation: change(state, () => ({
      reservation: { ...reservation, claimState: ClaimState.GONE },
    })),
  });
}

function addWatches(server: Server, state: FakeState): void {
  server.addService(WatchServiceService, {
    watch: (call: ServerWritableStream<WatchRequest, WatchResponse>) => {
      state.requests.push(call.request);
      const { items, end } = state.watches.shift() ?? { items: [] };
      for (const item of items) call.write(item);
      if (end) call.emit("error", statusOf(end));
    },
  });
}

/** As handler, and the request is kept. */
function change<Request, Response>(
  state: FakeState,
  answer: (request: Request) => Response,
): Handler<Request, Response> {
  return handler(state, (request: Request) => {
    state.requests.push(request);
    return answer(request);
  });
}

function addDomains(server: Server, state: FakeState): void {
  const operation = facts.operation.name;
  server.addService(DomainServiceService, {
    listDomains: handler(state, () => ({
      domains: [...state.domains.values(), facts.foreignDomain],
      nextPageToken: "",
      resumeToken: "epoch.7",
      observeTime: facts.observeTime,
      incomplete: undefined,
    })),
    getDomain: handler(state, ({ domain, withUsage }: GetDomainRequest) => ({
      domain: { ...state.find(domain), usage: withUsage ? facts.usage : undefined },
      observeTime: facts.observeTime,
      decision: facts.decision,
    })),
    createDomain: change(state, (request: CreateDomainRequest) => ({
      domain: request.validateOnly ? undefined : state.create(request),
      decision: facts.decision,
      operation: request.validateOnly ? "" : operation,
    })),
    startDomain: change(state, ({ domain }: { domain: DomainRef | undefined }) => ({
      domain: state.change(state.find(domain), DomainState.RUNNING, ClaimState.ACTIVE),
      operation,
    })),
    stopDomain: change(state, ({ domain }: { domain: DomainRef | undefined }) => ({
      domain: state.change(state.find(domain), DomainState.SHUT_OFF, ClaimState.STOPPED),
      operation,
    })),
    destroyDomain: change(
      state,
      ({ domain, allowMissing }: { domain: DomainRef | undefined; allowMissing: boolean }) => {
        const missing = allowMissing && !state.has(domain);
        return missing
          ? { domain: undefined, operation: "" }
          : { domain: state.destroy(state.find(domain)), operation };
      },
    ),
  });
}

function addOperations(server: Server, state: FakeState): void {
  server.addService(OperationServiceService, {
    getOperation: handler(state, ({ name }: { name: string }) => ({
      operation: { ...state.operation, name },
    })),
  });
}

/** The status as vgpud sends it, with its details; without a reason, as the transport does. */
