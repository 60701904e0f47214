// The HTTP listener: reads only, loopback unless told otherwise, bounded in pages, connections and time.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { BlockList, isIP, isIPv6 } from "node:net";
import { AgentError, messageOf } from "../core/errors.ts";
import { plain, type Page, type PageAnswer, type PageRequest, type Site } from "../observation/site.ts";
import { namesAnAddress } from "./http-host-header.ts";

export interface HttpServerOptions {
  /** An IP address, or `localhost`. */
  readonly host: string;
  /** 0 to 65535; 0 takes any free port. */
  readonly port: number;
  /** Whether an address that other machines can reach is served; default false. There is no TLS and no password. */
  readonly allowRemote?: boolean;
  readonly site: Site;
  /** Ends the server: pages under way are finished, idle connections closed. */
  readonly stop: AbortSignal;
  /** A page that could not be made. */
  readonly onError: (error: AgentError) => void;
  /** Costly pages at the same time, those included whose answer is still being read; default 40. */
  readonly maxPages?: number;
  /** Milliseconds until a page is given up; default 10,000. */
  readonly pageMs?: number;
}

export interface HttpServer {
  /** `http://127.0.0.1:9469`, with the port that was taken. */
  readonly url: string;
  /** Resolves when the server has stopped and all its connections are closed. */
  readonly closed: Promise<void>;
}

const MAX_PAGES = 40;
const PAGE_MS = 10_000;
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
export async function serveHttp(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, stop } = options;
  checkHost(options);
  const answers = new Answers(options);
  const server = createServer(
    { requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, connectionsCheckingInterval: 1_000 },
    (request, response) => void answers.give(request, response),
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

function checkHost({ host, allowRemote = false }: HttpServerOptions): void {
  if (host !== "localhost" && isIP(host) === 0)
    throw new AgentError(
      "FIELD_INVALID",
      `cannot serve HTTP on ${JSON.stringify(host)}: it is no IP address; take 127.0.0.1, ::1 or localhost`,
      { field: "metrics.listen" },
    );
  if (allowRemote || host === "localhost" || loopback.check(host, isIPv6(host) ? "ipv6" : "ipv4")) return;
  throw new AgentError(
    "FIELD_INVALID",
    `refused to serve HTTP on ${host}: other machines could read it without a password; ` +
      "take a loopback address, with a proxy that asks for one before it",
    { field: "metrics.listen", details: { host } },
  );
}

function cannotListen({ host, port }: HttpServerOptions, cause: unknown): AgentError {
  return new AgentError(
    "KERNEL_REFUSED",
    `cannot serve HTTP on ${host} port ${port}: ${messageOf(cause)}; choose another address or port`,
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

class Answers {
  readonly #options: HttpServerOptions;
  #underWay = 0;

  constructor(options: HttpServerOptions) {
    this.#options = options;
  }

  async give(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, contentType, body, headers = {} } = await this.#answer(request, response);
    // Once stopping, a kept connection would only delay the end.
    if (this.#options.stop.aborted) response.setHeader("Connection", "close");
    response.writeHead(status, {
      "Content-Type": contentType,
      "Content-Length": Buffer.byteLength(body),
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      // No page of elsewhere may take these answers in as picture, script or frame.
      "Cross-Origin-Resource-Policy": "same-origin",
      ...headers,
    });
    response.end(body);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<PageAnswer> {
    const { allowRemote = false, site } = this.#options;
    if (request.method !== "GET" && request.method !== "HEAD")
      return plain(405, "only GET and HEAD are served\n", { Allow: "GET, HEAD" });
    // By which names other machines reach us cannot be known.
    if (!allowRemote && !namesAnAddress(request.headers.host))
      return plain(421, "vgpud answers to localhost and IP addresses only; ask for one of them\n");
    const [path = "", search = ""] = (request.url ?? "").split(/\?(.*)/s);
    const page = site.get(path);
    if (!page) return plain(404, `no such page; there are ${[...site.keys()].join(" ")}\n`);
    const asked = { accept: request.headers.accept, query: new URLSearchParams(search) };
    return page.costly ? await this.#bounded(page, asked, response) : await this.#made(page, asked);
  }

  #bounded(page: Page, asked: PageRequest, response: ServerResponse): Promise<PageAnswer> | PageAnswer {
    const { maxPages = MAX_PAGES } = this.#options;
    if (this.#underWay >= maxPages)
      return unavailable(`${maxPages} pages are under way, which is the most at a time`);
    this.#underWay += 1;
    response.once("close", () => {
      this.#underWay -= 1;
    });
    return this.#made(page, asked);
  }

  async #made(page: Page, asked: PageRequest): Promise<PageAnswer> {
    const { pageMs = PAGE_MS, onError } = this.#options;
    try {
      const answer = new Promise<PageAnswer>((resolve) => {
        resolve(page.answer(asked));
      });
      return await before(AbortSignal.timeout(pageMs), answer);
    } catch (error) {
      onError(new AgentError("INTERNAL", `cannot make a page: ${messageOf(error)}`, { cause: error }));
      return unavailable("the page could not be made; the log of vgpud says why");
    }
  }
}

function unavailable(why: string): PageAnswer {
  return plain(503, `${why}\n`, { "Retry-After": "1" });
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
