// Calls over the agent's UNIX socket, and its errors taken apart as errors.proto says.
import {
  Client,
  credentials,
  Metadata,
  status,
  type CallOptions,
  type ChannelCredentials,
  type ClientReadableStream,
  type ServiceError,
} from "@grpc/grpc-js";
import { BadRequest, ErrorInfo, RetryInfo } from "../../../proto/gen/google/rpc/error_details.ts";
import { Status } from "../../../proto/gen/google/rpc/status.ts";
import { PlacementDecision } from "../../../proto/gen/vgpud/v1/placement.ts";

/** What a generated service definition says of a unary method. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** A call that came back with another status than OK. */
export class RpcError extends Error {
  /** The status' name, as `NOT_FOUND`. */
  readonly code: string;
  /** The details by the last part of their type's name, as `ErrorInfo`; several of one type where there are several. */
  readonly details: readonly { readonly type: string; readonly value: Buffer }[];

  constructor({ code, details, metadata }: ServiceError) {
    super(`${status[code]}: ${details}`);
    this.code = status[code];
    const [packed] = metadata.get("grpc-status-details-bin");
    const body = packed instanceof Buffer ? Status.decode(packed) : undefined;
    this.details = (body?.details ?? []).map(({ typeUrl, value }) => ({
      type: typeUrl.split(".").at(-1) ?? "",
      value,
    }));
  }

  /** Undefined for a status that the transport made. */
  get info(): ErrorInfo | undefined {
    return this.#detail("ErrorInfo", ErrorInfo);
  }

  get reason(): string | undefined {
    return this.info?.reason;
  }

  /** The field at fault. */
  get field(): string | undefined {
    return this.#detail("BadRequest", BadRequest)?.fieldViolations[0]?.field;
  }

  /** Every field at fault. */
  get fields(): readonly string[] {
    return this.#detail("BadRequest", BadRequest)?.fieldViolations.map(({ field }) => field) ?? [];
  }

  /** What is wrong with each of them. */
  get descriptions(): readonly string[] {
    return (
      this.#detail("BadRequest", BadRequest)?.fieldViolations.map(({ description }) => description) ?? []
    );
  }

  get retrySeconds(): number | undefined {
    const delay = this.#detail("RetryInfo", RetryInfo)?.retryDelay;
    return delay && Number(delay.seconds) + delay.nanos / 1e9;
  }

  get decision(): PlacementDecision | undefined {
    return this.#detail("PlacementDecision", PlacementDecision);
  }

  #detail<Message>(type: string, codec: { decode(bytes: Buffer): Message }): Message | undefined {
    const found = this.details.find((detail) => detail.type === type);
    return found && codec.decode(found.value);
  }
}

const PATIENCE_MS = 50_000;
/** The most a client of ours sends: more than the agent takes. */
const SEND_LIMIT_BYTES = 64 * 1024 * 1024;

/** A TLS listener. */
export interface SecureEnd {
  readonly address: string;
  /** That its certificate is to have. */
  readonly name: string;
  readonly credentials: ChannelCredentials;
}

export class Rpc implements Disposable {
  readonly #client: Client;
  readonly #patienceMs: number;

  /** A call that does not say how long it may take may take `patienceMs`. */
  constructor(at: string | SecureEnd, patienceMs = PATIENCE_MS) {
    this.#patienceMs = patienceMs;
    const [target, secrets] =
      typeof at === "string" ? [`unix:${at}`, credentials.createInsecure()] : [at.address, at.credentials];
    this.#client = new Client(target, secrets, {
      ...(typeof at === "string" ? {} : { "grpc.ssl_target_name_override": at.name }),
      "grpc.max_send_message_length": SEND_LIMIT_BYTES,
      // Its own connection: clients of one process otherwise share one, and it would outlive an agent that is killed.
      "grpc.use_local_subchannel_pool": 1,
      "grpc.initial_reconnect_backoff_ms": 50,
      "grpc.max_reconnect_backoff_ms": 200,
    });
  }

  /** @throws RpcError */
  async call<Request, Response>(
    { path, requestSerialize, responseDeserialize }: Method<Request, Response>,
    request: Request,
    {
      signal,
      headers = {},
      ...options
    }: CallOptions & { readonly signal?: AbortSignal; readonly headers?: Record<string, string> } = {},
  ): Promise<Response> {
    return await new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        Metadata.fromHttp2Headers(headers),
        { deadline: Date.now() + this.#patienceMs, ...options },
        (error, response) => {
          if (error) reject(new RpcError(error));
          else if (response === undefined) reject(new Error(`${path} answered nothing`));
          else resolve(response);
        },
      );
      signal?.addEventListener("abort", () => {
        call.cancel();
      });
    });
  }

  /** A method that streams, without a deadline. Nothing is read before somebody asks for it. */
  stream<Request, Response>(
    { path, requestSerialize, responseDeserialize }: Method<Request, Response>,
    request: Request,
  ): ClientReadableStream<Response> {
    return this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
  }

  /** Any bytes as the request of a unary method. @throws RpcError */
  async bytes(path: string, request: Buffer): Promise<Buffer> {
    const identity = (bytes: Buffer): Buffer => bytes;
    return await this.call({ path, requestSerialize: identity, responseDeserialize: identity }, request);
  }

  /** The first message or the error of a method that streams. */
  async first(path: string, request: Buffer): Promise<Buffer> {
    const identity = (bytes: Buffer): Buffer => bytes;
    const stream = this.#client.makeServerStreamRequest(path, identity, identity, request, new Metadata(), {
      deadline: Date.now() + PATIENCE_MS,
    });
    return await new Promise((resolve, reject) => {
      stream.once("data", (message: Buffer) => {
        resolve(message);
        stream.cancel();
      });
      stream.once("error", (error: ServiceError) => {
        reject(new RpcError(error));
      });
    });
  }

  /** The first answer of a method that streams both ways, to one message. */
  async converse(path: string, request: Buffer): Promise<Buffer> {
    const identity = (bytes: Buffer): Buffer => bytes;
    const stream = this.#client.makeBidiStreamRequest(path, identity, identity, new Metadata());
    const answered = new Promise<Buffer>((resolve, reject) => {
      stream.once("data", resolve);
      stream.on("error", reject);
    });
    stream.end(request);
    return await answered;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** The error of a call that must fail. */
export async function refusal(call: Promise<unknown>): Promise<RpcError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
  throw new Error("the call was answered, and should have been refused");
}
