// What the crash tests ask of the agent, each written into a book with what was heard.
import { ClaimState, Ownership, type OnStop } from "../../../../proto/gen/vgpud/v1/claim.ts";
import type { Domain } from "../../../../proto/gen/vgpud/v1/domain.ts";
import type { Gpu } from "../../../../proto/gen/vgpud/v1/gpu.ts";
import { GpuServiceService as Gpus } from "../../../../proto/gen/vgpud/v1/gpu_service.ts";
import type { Host } from "../../../../proto/gen/vgpud/v1/host.ts";
import { HostServiceService as Hosts } from "../../../../proto/gen/vgpud/v1/host_service.ts";
import type { Reservation } from "../../../../proto/gen/vgpud/v1/reservation.ts";
import {
  CreateReservationRequest,
  ReservationServiceService as Reservations,
} from "../../../../proto/gen/vgpud/v1/reservation_service.ts";
import type { Vgpu } from "../../../../proto/gen/vgpud/v1/vgpu.ts";
import {
  AdoptVgpuRequest,
  CreateVgpuRequest,
  DeleteVgpuRequest,
  ReleaseVgpuRequest,
  VgpuServiceService as Vgpus,
} from "../../../../proto/gen/vgpud/v1/vgpu_service.ts";
import { GPU, type } from "../requests.ts";
import { present } from "../agent-calls.ts";
import type { Answer, Book, Outcome } from "./book.ts";
import type { Ground } from "./ground.ts";

export interface CreateOptions {
  readonly size?: 1 | 2 | 4 | 8;
  readonly onStop?: OnStop;
  readonly autostart?: boolean;
  /** The name of the reservation whose room it is to have. */
  readonly room?: string;
}

interface ReserveOptions extends Pick<CreateOptions, "size"> {
  /** Whether it ends within the run. */
  readonly brief?: boolean;
}

export const AT_ONCE = { gracePeriod: { seconds: 0n, nanos: 0 } };
const NOTE = "out of order";
/** A time that no run takes. */
const LONG_S = 3600n;
/** The shortest that may be asked for. */
const BRIEF_S = 1n;

export class Asking {
  readonly #world: Ground;
  readonly #book: Book;
  readonly #newRequestId: () => string;

  constructor(world: Ground, book: Book, newRequestId: () => string) {
    this.#world = world;
    this.#book = book;
    this.#newRequestId = newRequestId;
  }

  async create(name: string, { size = 8, onStop, autostart, room }: CreateOptions = {}): Promise<Outcome> {
    const { request, spec, vgpu } = this.#world.draft(name);
    request.requestId = this.#newRequestId();
    vgpu.want = { $case: "type", value: type(size) };
    if (onStop !== undefined) spec.onStop = onStop;
    if (autostart !== undefined) spec.autostart = autostart;
    if (room !== undefined) request.reservation = claimOf(room);
    const ask = async (): Promise<Answer> => domainAnswer(await this.#world.createAs(request));
    return await this.#book.ask({ kind: "create", name, room, ask });
  }

  async start(name: string): Promise<Outcome> {
    const requestId = this.#newRequestId();
    const ask = async (): Promise<Answer> => domainAnswer(await this.#world.start(name, requestId));
    return await this.#book.ask({ kind: "start", name, ask });
  }

  /** The guest is asked first, unless `atOnce`. */
  async stop(name: string, atOnce = false): Promise<Outcome> {
    const how = { requestId: this.#newRequestId(), ...(atOnce ? AT_ONCE : {}) };
    const ask = async (): Promise<Answer> => domainAnswer(await this.#world.stop(name, how));
    return await this.#book.ask({ kind: "stop", name, ask });
  }

  async destroy(name: string, atOnce = true): Promise<Outcome> {
    const how = { requestId: this.#newRequestId(), ...(atOnce ? AT_ONCE : {}) };
    const ask = async (): Promise<Answer> => endOf(domainAnswer, await this.#world.destroy(name, how));
    return await this.#book.ask({ kind: "destroy", name, ask });
  }

  async createVgpu(name: string, { size = 8, room }: CreateOptions = {}): Promise<Outcome> {
    const request = CreateVgpuRequest.fromPartial({
      ...{ claimId: claimOf(name), requestId: this.#newRequestId(), vgpu: wish(size) },
      reservation: room === undefined ? "" : claimOf(room),
    });
    const ask = async (): Promise<Answer> =>
      vgpuAnswer(await this.#world.rpc.call(Vgpus.createVgpu, request));
    return await this.#book.ask({ kind: "create vGPU", name, room, ask });
  }

  async deleteVgpu(name: string): Promise<Outcome> {
    const request = DeleteVgpuRequest.fromPartial({ ...byClaim(name), requestId: this.#newRequestId() });
    const ask = async (): Promise<Answer> =>
      endOf(vgpuAnswer, await this.#world.rpc.call(Vgpus.deleteVgpu, request));
    return await this.#book.ask({ kind: "delete vGPU", name, ask });
  }

  async reserve(name: string, { size = 8, brief = false }: ReserveOptions = {}): Promise<Outcome> {
    const request = CreateReservationRequest.fromPartial({
      ...{ claimId: claimOf(name), requestId: this.#newRequestId(), vgpu: wish(size) },
      ttl: { seconds: brief ? BRIEF_S : LONG_S, nanos: 0 },
    });
    const ask = async (): Promise<Answer> =>
      roomAnswer(await this.#world.rpc.call(Reservations.createReservation, request));
    return await this.#book.ask({ kind: "reserve", name, isBrief: brief, ask });
  }

  async renew(name: string): Promise<Outcome> {
    const request = { claimId: claimOf(name), ttl: { seconds: 2n * LONG_S, nanos: 0 } };
    const ask = async (): Promise<Answer> =>
      roomAnswer(await this.#world.rpc.call(Reservations.renewReservation, request));
    return await this.#book.ask({ kind: "renew", name, ask });
  }

  async release(name: string): Promise<Outcome> {
    const request = { claimId: claimOf(name) };
    const ask = async (): Promise<Answer> =>
      endOf(roomAnswer, await this.#world.rpc.call(Reservations.releaseReservation, request));
    return await this.#book.ask({ kind: "release", name, ask });
  }

  async adopt(
    name: string,
    vgpuId: string,
    { withDomain }: { readonly withDomain: boolean },
  ): Promise<Outcome> {
    const request = AdoptVgpuRequest.fromPartial({
      ...{ vgpuId, withDomain, claimId: claimOf(name), requestId: this.#newRequestId() },
    });
    const ask = async (): Promise<Answer> => {
      const { vgpu, domain } = await this.#world.rpc.call(Vgpus.adoptVgpu, request);
      const { claimId, claimState } = present(vgpu);
      return { words: `${vgpuId} ${claimId} ${claimState} ${domain?.uuid ?? "-"}`, isDone: true };
    };
    return await this.#book.ask({ kind: "adopt", name, ask });
  }

  async giveUp(name: string): Promise<Outcome> {
    const request = ReleaseVgpuRequest.fromPartial({ ...byClaim(name), requestId: this.#newRequestId() });
    const ask = async (): Promise<Answer> => {
      const { vgpu } = await this.#world.rpc.call(Vgpus.releaseVgpu, request);
      const { vgpuId, ownership } = present(vgpu);
      return { words: `${vgpuId} ${ownership}`, isDone: ownership !== Ownership.OWN };
    };
    return await this.#book.ask({ kind: "give up", name, ask });
  }

  /** Of one GPU, or of the whole host. */
  async drain(what: "GPU" | "host", on = true): Promise<Outcome> {
    const shown = what === "host" ? () => this.#drainHost(on) : () => this.#drainGpu(on);
    const ask = async (): Promise<Answer> => {
      const { drained, drainNote } = present(await shown());
      return { words: `${drained} ${drainNote}`, isDone: true };
    };
    return await this.#book.ask({ kind: on ? "drain" : "undrain", name: what, ask });
  }

  async #drainHost(on: boolean): Promise<Host | undefined> {
    const { rpc } = this.#world;
    return (await (on ? rpc.call(Hosts.drainHost, { note: NOTE }) : rpc.call(Hosts.undrainHost, {}))).host;
  }

  async #drainGpu(on: boolean): Promise<Gpu | undefined> {
    const { rpc } = this.#world;
    const gpu = GPU;
    return (await (on ? rpc.call(Gpus.drainGpu, { gpu, note: NOTE }) : rpc.call(Gpus.undrainGpu, { gpu })))
      .gpu;
  }
}

/** By the name that it goes by here, be it a domain or not. */
export function claimOf(name: string): string {
  return `claim-${name}`;
}

function byClaim(name: string): { readonly vgpu: { readonly ref: { $case: "claimId"; value: string } } } {
  return { vgpu: { ref: { $case: "claimId", value: claimOf(name) } } };
}

function wish(size: 1 | 2 | 4 | 8): { want: { $case: "type"; value: string } } {
  return { want: { $case: "type", value: type(size) } };
}

interface Told {
  readonly claimState: ClaimState;
}

/** What is to end has not when the agent only says that it is on its way. */
function endOf<T extends { readonly [What in "domain" | "vgpu" | "reservation"]?: Told | undefined }>(
  answer: (response: T) => Answer,
  response: T,
): Answer {
  const told = response.domain ?? response.vgpu ?? response.reservation;
  return { ...answer(response), isDone: told?.claimState === ClaimState.GONE };
}

/** The operation, the domain with its vGPUs, and how far the claim has come. */
function domainAnswer(response: {
  readonly domain?: Domain | undefined;
  readonly operation: string;
}): Answer {
  const { uuid, claimState, vgpuIds } = present(response.domain);
  return { words: `${response.operation} ${uuid} ${claimState} ${vgpuIds.join(",")}`, isDone: true };
}

function vgpuAnswer(response: { readonly vgpu?: Vgpu | undefined; readonly operation: string }): Answer {
  const { vgpuId, claimState } = present(response.vgpu);
  return { words: `${response.operation} ${vgpuId} ${claimState}`, isDone: true };
}

/** How far it has come is not the same later, when it is bound. */
function roomAnswer({ reservation }: { readonly reservation?: Reservation | undefined }): Answer {
  const { vgpuId, gpu, type: of, expireTime } = present(reservation);
  return { words: `${vgpuId} ${gpu} ${of}`, isDone: true, expiresAt: expireTime?.getTime() };
}
