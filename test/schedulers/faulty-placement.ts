// Stands between an agent and a real Placement: forwards what is asked, misbehaves where it is told to, and keeps what it saw.
import { once } from "node:events";
import { createServer, request as ask, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { ServerResponse, Server } from "node:http";
import { buffer } from "node:stream/consumers";
import { until } from "../e2e/harness/until.ts";
import { answer, send, type Answer, type Exchange, type Misbehaviour } from "./misbehaviours.ts";

/** Which requests are meant; what is left out is any. */
export interface Which {
  readonly method?: string;
  /** Found in the path with its query. */
  readonly path?: RegExp;
}

export interface SeenRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** What its JSON says; undefined when it has none. */
  readonly body: unknown;
  /** Of the answer, whether it arrived or not; undefined as long as there is none. */
  readonly status: number | undefined;
  /** What Placement's answer says as JSON, whether it arrived or not; undefined for none, and for what is no JSON. */
  readonly answer: unknown;
}

interface Rule {
  readonly which: Which;
  readonly how: Misbehaviour;
  left: number;
}

const WRITES = new Set(["PUT", "POST", "PATCH", "DELETE"]);
/** Between two hops, not between the two ends (RFC 9110, 7.6.1). */
const OF_A_HOP = ["connection", "keep-alive", "transfer-encoding", "content-length", "host"];

export class FaultyPlacement implements AsyncDisposable {
  readonly url: string;
  readonly #real: string;
  readonly #server: Server;
  #seen: { -readonly [Key in keyof SeenRequest]: SeenRequest[Key] }[] = [];
  #rules: Rule[] = [];

  private constructor(real: string, server: Server, port: number) {
    this.#real = real;
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
    server.on("request", (request, response) => void this.#serve(request, response));
  }

  /** `real` is the URL of the Placement behind it. */
  static async start(real: string): Promise<FaultyPlacement> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new TypeError("not a TCP address");
    return new FaultyPlacement(real, server, address.port);
  }

  /** What it was asked, in the order of arrival. */
  get seen(): readonly SeenRequest[] {
    return this.#seen;
  }

  /** Those that would change something. */
  get writes(): readonly SeenRequest[] {
    return this.#seen.filter(({ method }) => WRITES.has(method));
  }

  /** From now on, for so many requests; where several rules match, the first told has the word. */
  misbehave(which: Which, how: Misbehaviour, times = Infinity): void {
    this.#rules.push({ which, how, left: times });
  }

  /** Forwards everything again; what it keeps silent about stays so. */
  behave(): void {
    this.#rules = [];
  }

  forget(): void {
    this.#seen = [];
  }

  /** Resolves with those that match as soon as there are so many, answered or not. */
  async saw(which: Which, times = 1): Promise<readonly SeenRequest[]> {
    return await until(`Placement is asked ${times} times`, () => {
      const found = this.#seen.filter((request) => matches(which, request));
      return Promise.resolve(found.length >= times && found);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Who asked may go away at any time.
    response.on("error", () => undefined);
    try {
      const body = await buffer(request);
      const { method = "GET", url: path = "/", headers } = request;
      const seen = {
        ...{ method, path, headers, body: parsed(body) },
        status: undefined as number | undefined,
        answer: undefined as unknown,
      };
      this.#seen.push(seen);
      const forward = async (changed: IncomingHttpHeaders = {}): Promise<Answer> => {
        const told = await forwarded(this.#real + path, {
          method,
          headers: { ...headers, ...changed },
          body,
        });
        seen.answer = isJson(told.headers) ? parsed(told.body) : undefined;
        return told;
      };
      seen.status = await this.#answer(seen, { response, forward });
    } catch {
      // As if nobody were behind it: neither end says why.
      response.destroy();
    }
  }

  async #answer(seen: SeenRequest, exchange: Exchange): Promise<number | undefined> {
    const rule = this.#rules.find(({ which, left }) => left > 0 && matches(which, seen));
    if (rule === undefined) return send(exchange.response, await exchange.forward());
    rule.left -= 1;
    return await answer(exchange, rule.how);
  }
}

function matches({ method, path }: Which, seen: SeenRequest): boolean {
  return (method === undefined || method === seen.method) && (path?.test(seen.path) ?? true);
}

function isJson({ "content-type": type }: IncomingHttpHeaders): boolean {
  return type?.startsWith("application/json") ?? false;
}

function parsed(body: Buffer): unknown {
  return body.length === 0 ? undefined : JSON.parse(body.toString());
}

interface Forwarded {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** On a connection of its own: Placement's may be killed at any time. */
async function forwarded(url: string, { method, headers, body }: Forwarded): Promise<Answer> {
  const asked = ask(url, {
    agent: false,
    method,
    headers: { ...ofBothEnds(headers), ...(body.length > 0 ? { "content-length": body.length } : {}) },
  });
  const answered = once(asked, "response") as Promise<[IncomingMessage]>;
  asked.end(body);
  const [response] = await answered;
  return {
    status: response.statusCode ?? 0,
    headers: ofBothEnds(response.headers),
    body: await buffer(response),
  };
}

function ofBothEnds(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => value !== undefined && !OF_A_HOP.includes(name)),
  );
}
