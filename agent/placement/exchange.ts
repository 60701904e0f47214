// One HTTP request and its answer, whole or not at all: bounded in time and size, and without following redirects.
import { request as plainRequest, Agent as PlainAgent, type IncomingMessage } from "node:http";
import { request as tlsRequest, Agent as TlsAgent } from "node:https";
import { PlacementError } from "./errors.ts";

export interface Request {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as JSON; undefined: no body. */
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  /** Lower-case names; of one that came several times the first. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

export interface ExchangerOptions {
  /** From the first attempt to connect to the last byte of the answer, milliseconds. */
  readonly timeoutMs: number;
  /** Certificates (PEM) of the authorities that servers are believed by, in place of the system's; undefined: the system's. */
  readonly ca: string | undefined;
}

/** Candidates of 1,000 hosts are 1 MB (measured). */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Shorter than any server's in use (uwsgi 4 s, Apache 5 s): a connection that the server has just closed costs a request. */
const IDLE_MS = 2_000;

/** Keeps connections for the requests that follow each other in one round. */
export class Exchanger {
  readonly #timeoutMs: number;
  readonly #plain: PlainAgent;
  readonly #tls: TlsAgent;

  constructor({ timeoutMs, ca }: ExchangerOptions) {
    this.#timeoutMs = timeoutMs;
    const kept = { keepAlive: true, timeout: IDLE_MS, maxSockets: 4 };
    this.#plain = new PlainAgent(kept);
    this.#tls = new TlsAgent({ ...kept, minVersion: "TLSv1.2", ...(ca === undefined ? {} : { ca }) });
  }

  /** Throws a PlacementError of kind `unreachable` or `bad-answer`, or the signal's reason when that aborts first. */
  async exchange({ method, url, headers, body }: Request, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    try {
      const answer = await this.#answerTo(url, {
        method,
        headers: {
          accept: "application/json",
          ...headers,
          ...(sent && { "content-type": "application/json", "content-length": String(sent.length) }),
        },
        // eslint-disable-next-line no-restricted-syntax -- it is named below, at the end of all that waits for it
        signal: AbortSignal.any([signal, timeout]),
        sent,
      });
      return { status: answer.statusCode ?? 0, headers: firstOf(answer), text: await textOf(answer) };
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof PlacementError) throw error;
      const why = timeout.aborted ? `no answer within ${this.#timeoutMs} ms` : reasonOf(error);
      throw new PlacementError("unreachable", `${method} ${shown(url)}: ${why}`, { cause: error });
    }
  }

  #answerTo(
    url: URL,
    { sent, ...options }: SentOptions & { readonly sent: Buffer | undefined },
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request =
        url.protocol === "https:"
          ? tlsRequest(url, { ...options, agent: this.#tls })
          : plainRequest(url, { ...options, agent: this.#plain });
      request.once("response", resolve).once("error", reject).end(sent);
    });
  }

  close(): void {
    this.#plain.destroy();
    this.#tls.destroy();
  }
}

interface SentOptions {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES)
      throw new PlacementError("bad-answer", `an answer of more than ${MAX_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  if (!answer.complete) throw new Error("the answer was cut off");
  return Buffer.concat(parts).toString();
}

function firstOf({ headersDistinct }: IncomingMessage): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [name, values] of Object.entries(headersDistinct))
    if (values?.[0] !== undefined) headers.set(name, values[0]);
  return headers;
}

/** Without what may be in it of a user. */
export function shown({ origin, pathname, search }: URL): string {
  return `${origin}${pathname}${search}`;
}

/** Node.js tells the failures of all addresses of a name as one error without a message. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "")
    return error.errors.map((each) => reasonOf(each)).join("; ");
  return error instanceof Error ? error.message : String(error);
}
