// The HTTP side of /metrics, /healthz and /readyz: loopback unless told otherwise, bounded in scrapes and in time.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { BlockList, isIP, isIPv6 } from "node:net";
import { AgentError, messageOf } from "../core/errors.ts";

interface Scrape {
  readonly contentType: string;
  readonly body: string;
}

export interface MetricsHttpOptions {
  /** An IP address, or `localhost`. */
  readonly host: string;
  /** 0 to 65535; 0 takes any free port. */
  readonly port: number;
  /** Whether an address that other machines can reach is served; default false. There is no TLS and no password. */
  readonly allowRemote?: boolean;
  /** Makes one scrape; gets the Accept header as sent. */
  readonly render: (accept: string | undefined) => Promise<Scrape>;
  /** Why the agent is not ready, in words; undefined when it is. */
  readonly whyNotReady: () => string | undefined;
  /** Ends the server: scrapes under way are finished, idle connections closed. */
  readonly stop: AbortSignal;
  /** A scrape that could not be made. */
  readonly onError: (error: AgentError) => void;
  /** Scrapes at the same time, those included whose answer is still being read; default 40. */
  readonly maxScrapes?: number;
  /** Milliseconds until a scrape is given up; default 10,000. */
  readonly renderMs?: number;
}

export interface MetricsHttp {
  /** `http://127.0.0.1:9469`, with the port that was taken. */
  readonly url: string;
  /** Resolves when the server has stopped and all its connections are closed. */
  readonly closed: Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const MAX_SCRAPES = 40;
const RENDER_MS = 10_000;
/** Of all kinds, so that idle connections cannot use up the file descriptors. */
const MAX_CONNECTIONS = 256;
/** How long a request may take to arrive, and a reader to take a piece of the answer. */
const REQUEST_MS = 10_000;
const IDLE_MS = 30_000;
/** How long connections may outlive the stop. */
const CLOSE_MS = 2_000;

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/**
 * Serves until `stop` aborts; resolves when the port is open.
 * Rejects with FIELD_INVALID for an address that is none or that is not allowed, KERNEL_REFUSED when it cannot be bound.
 */
export async function serveMetrics(options: MetricsHttpOptions): Promise<MetricsHttp> {
  const { host, port, stop } = options;
  checkHost(options);
  const pages = new Pages(options);
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 },
    (request, response) => void pages.answer(request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(IDLE_MS);
  try {
    server.listen({ host, port });
    await once(server, "listening", { signal: stop });
  } catch (error) {
    server.close();
    throw cannotListen(options, error);
  }
  return { url: urlOf(server), closed: closedAfter(server, stop) };
}

function checkHost({ host, allowRemote = false }: MetricsHttpOptions): void {
  if (host !== "localhost" && isIP(host) === 0)
    throw new AgentError(
      "FIELD_INVALID",
      `cannot serve metrics on ${JSON.stringify(host)}: it is no IP address; take 127.0.0.1, ::1 or localhost`,
      { field: "metrics.listen" },
    );
  if (allowRemote || host === "localhost" || loopback.check(host, isIPv6(host) ? "ipv6" : "ipv4")) return;
  throw new AgentError(
    "FIELD_INVALID",
    `refused to serve metrics on ${host}: other machines could read them without a password; ` +
      "take a loopback address, with a proxy that asks for one before it",
    { field: "metrics.listen", details: { host } },
  );
}

function cannotListen({ host, port }: MetricsHttpOptions, cause: unknown): AgentError {
  return new AgentError(
    "KERNEL_REFUSED",
    `cannot serve metrics on ${host} port ${port}: ${messageOf(cause)}; choose another address or port`,
    { details: { host, port }, cause },
  );
}

function urlOf(server: Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new TypeError(`not a TCP address: ${String(bound)}`);
  return `http://${bound.family === "IPv6" ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

async function closedAfter(server: Server, stop: AbortSignal): Promise<void> {
  if (!stop.aborted) await once(stop, "abort");
  const closed = once(server, "close");
  server.close();
  const forced = setTimeout(() => {
    server.closeAllConnections();
  }, CLOSE_MS);
  await closed;
  clearTimeout(forced);
}

class Pages {
  readonly #options: MetricsHttpOptions;
  #scrapes = 0;

  constructor(options: MetricsHttpOptions) {
    this.#options = options;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body, headers = {} } = await this.#page(request, response);
    // Once stopping, a kept connection would only delay the end.
    if (this.#options.stop.aborted) response.setHeader("Connection", "close");
    response.writeHead(status, {
      "Content-Type": "text/plain; charset=utf-8",
      "Content-Length": Buffer.byteLength(body),
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      ...headers,
    });
    response.end(body);
  }

  async #page(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    if (request.method !== "GET" && request.method !== "HEAD")
      return { status: 405, body: "only GET and HEAD are served\n", headers: { Allow: "GET, HEAD" } };
    switch ((request.url ?? "").split("?")[0] ?? "") {
      case "/metrics":
        return this.#bounded(request, response);
      case "/healthz":
        return { status: 200, body: "ok\n" };
      case "/readyz": {
        const why = this.#options.whyNotReady();
        return why === undefined
          ? { status: 200, body: "ready\n" }
          : { status: 503, body: `not ready: ${why}\n` };
      }
      default:
        return { status: 404, body: "no such page; there are /metrics, /healthz and /readyz\n" };
    }
  }

  #bounded(request: IncomingMessage, response: ServerResponse): Promise<Answer> | Answer {
    const { maxScrapes = MAX_SCRAPES } = this.#options;
    if (this.#scrapes >= maxScrapes)
      return unavailable(`${maxScrapes} scrapes are under way, which is the most at a time`);
    this.#scrapes += 1;
    response.once("close", () => {
      this.#scrapes -= 1;
    });
    return this.#scrape(request.headers.accept);
  }

  async #scrape(accept: string | undefined): Promise<Answer> {
    const { render, renderMs = RENDER_MS, onError } = this.#options;
    try {
      const { contentType, body } = await before(AbortSignal.timeout(renderMs), render(accept));
      return { status: 200, body, headers: { "Content-Type": contentType } };
    } catch (error) {
      const failure = new AgentError("INTERNAL", `cannot make a scrape: ${messageOf(error)}`, {
        cause: error,
      });
      onError(failure);
      return unavailable("the metrics could not be collected; the log of vgpud says why");
    }
  }
}

function unavailable(why: string): Answer {
  return { status: 503, body: `${why}\n`, headers: { "Retry-After": "1" } };
}

/** The result of `work`, or the deadline's reason if that comes first. */
async function before<T>(deadline: AbortSignal, work: Promise<T>): Promise<T> {
  const settled = new AbortController();
  const late = once(deadline, "abort", { signal: settled.signal }).then(() =>
    Promise.reject(asError(deadline.reason)),
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    late.catch(() => undefined);
    settled.abort();
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
