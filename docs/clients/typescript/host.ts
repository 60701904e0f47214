// One vgpud as a scheduler sees it: every call with a deadline, retries that are safe, refusals taken apart.
import { Client, credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { setTimeout as sleep } from "node:timers/promises";
import { BadRequest, ErrorInfo, RetryInfo } from "../../../proto/gen/google/rpc/error_details.ts";
import { Status } from "../../../proto/gen/google/rpc/status.ts";
import { DomainServiceService as Domains } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import type { Gpu } from "../../../proto/gen/vgpud/v1/gpu.ts";
import { GpuServiceService as Gpus } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import { OperationState } from "../../../proto/gen/vgpud/v1/operation.ts";
import { OperationServiceService as Operations } from "../../../proto/gen/vgpud/v1/operation_service.ts";
import { PlacementDecision } from "../../../proto/gen/vgpud/v1/placement.ts";

const READ_DEADLINE_S = 5;
const POLL_S = 0.5;
/** The transport's own UNAVAILABLE, as of a connection that broke, says nothing about when to come back. */
const RECONNECT_S = 1;

/** A status other than OK, with what vgpud says beside it. Branch on `code` and `reason`, never on `message`. */
export class Refused extends Error {
  readonly code: status;
  /** Empty, as what follows, in a status that the transport made. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fields: BadRequest["fieldViolations"];
  readonly retrySeconds: number;
  readonly decision: PlacementDecision | undefined;

  constructor({ code, details, metadata }: ServiceError) {
    super(details);
    this.code = code;
    const [bytes] = metadata.get("grpc-status-details-bin");
    const parts = Buffer.isBuffer(bytes) ? Status.decode(bytes).details : [];
    const part = <Message>(type: string, codec: { decode(bytes: Buffer): Message }): Message | undefined => {
      const found = parts.find(({ typeUrl }) => typeUrl === `type.googleapis.com/${type}`);
      return found && codec.decode(found.value);
    };
    const info = part("google.rpc.ErrorInfo", ErrorInfo);
    this.reason = info?.reason ?? "";
    this.metadata = info?.metadata ?? {};
    this.fields = part("google.rpc.BadRequest", BadRequest)?.fieldViolations ?? [];
    const delay = part("google.rpc.RetryInfo", RetryInfo)?.retryDelay;
    this.retrySeconds = delay ? Number(delay.seconds) + delay.nanos / 1e9 : RECONNECT_S;
    this.decision = part("vgpud.v1.PlacementDecision", PlacementDecision);
  }
}

/** What a scheduler does now. A reason that is not known here counts as its code. */
export function nextStep({ code, reason }: Refused): string {
  if (reason === "CLAIM_REUSED")
    return "this claim id stands for another request: look at its domain, or take a claim id of your own";
  if (reason === "CLAIM_ENDED") return "this claim id has had its domain: take a new one";
  if (code === status.ALREADY_EXISTS) return "choose another name or UUID";
  if (code === status.RESOURCE_EXHAUSTED && reason === "")
    return "a limit of the transport, as its headers; this is not about room";
  if (code === status.RESOURCE_EXHAUSTED) return "no room: ask another host, or for less";
  if (code === status.FAILED_PRECONDITION)
    return "not on this host as it is: ask another one, or change what the message names";
  if (code === status.NOT_FOUND) return "this host has no such thing: ask another one";
  if (code === status.INVALID_ARGUMENT) return "mend the request: trying again does not help";
  if (code === status.PERMISSION_DENIED) return "call it on the admin socket, as a member of group vgpud";
  if (code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED)
    return "patience is over: the same request with the same claim id may be sent at any time";
  return "tell somebody";
}

/** What the generated code says of a method. */
interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** Bounds of a call, in seconds. */
export interface Limits {
  /** Of one try of a change. */
  readonly deadline: number;
  /** After which no try begins any more. */
  readonly patience: number;
}

export class Host implements Disposable {
  readonly #client: Client;
  readonly #limits: Limits;

  constructor(socket: string, limits: Limits) {
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure());
    this.#limits = limits;
  }

  /**
   * Tries again while vgpud, or what it needs, is away: the one code that may be retried blindly.
   * @throws Refused
   */
  async call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { deadline = READ_DEADLINE_S, giveUp = now() + this.#limits.patience } = {},
  ): Promise<Response> {
    for (;;)
      try {
        return await this.#once(method, request, deadline);
      } catch (error) {
        if (!(error instanceof Refused) || error.code !== status.UNAVAILABLE) throw error;
        if (now() + error.retrySeconds > giveUp) throw error;
        console.log(`${error.reason || "no connection"}: once more in ${error.retrySeconds} s`);
        await sleep(error.retrySeconds * 1000);
      }
  }

  /**
   * A deadline that passes says nothing about the outcome: the same request again joins the operation.
   * @throws Refused
   */
  async change<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    claimId: string,
  ): Promise<Response> {
    const { deadline, patience } = this.#limits;
    const giveUp = now() + patience;
    for (;;)
      try {
        return await this.call(method, request, { deadline, giveUp });
      } catch (error) {
        if (!(error instanceof Refused) || error.code !== status.DEADLINE_EXCEEDED) throw error;
        if (now() > giveUp) throw error;
        console.log(`no answer within ${deadline} s`);
        await this.#follow(claimId, giveUp);
      }
  }

  async *allGpus(): AsyncGenerator<Gpu> {
    let pageToken = "";
    do {
      const page = await this.call(Gpus.listGpus, { pageSize: 0, pageToken });
      yield* page.gpus;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  /** Waits for the end of the claim's latest operation. There is none while the request has not been accepted. */
  async #follow(claimId: string, giveUp: number): Promise<void> {
    const claim = { domain: { ref: { $case: "claimId", value: claimId } }, withUsage: false } as const;
    try {
      const { domain } = await this.call(Domains.getDomain, claim, { giveUp });
      const name = domain?.operation ?? "";
      while (now() < giveUp) {
        const { operation } = await this.call(Operations.getOperation, { name }, { giveUp });
        console.log(`${name} ${operation?.state ?? ""} ${operation?.failure?.message ?? ""}`.trimEnd());
        if (operation?.state !== OperationState.RUNNING) return;
        await sleep(POLL_S * 1000);
      }
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== status.NOT_FOUND) throw error;
    }
  }

  async #once<Request, Response>(
    { path, requestSerialize, responseDeserialize }: Method<Request, Response>,
    request: Request,
    seconds: number,
  ): Promise<Response> {
    const options = { deadline: Date.now() + seconds * 1000 };
    const codec = [path, requestSerialize, responseDeserialize] as const;
    return await new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(...codec, request, new Metadata(), options, (error, response) => {
        if (error) reject(new Refused(error));
        else if (response === undefined) reject(new Error(`${path} answered nothing`));
        else resolve(response);
      });
    });
  }
}

/** Seconds of a clock that never steps back. */
function now(): number {
  return performance.now() / 1000;
}
