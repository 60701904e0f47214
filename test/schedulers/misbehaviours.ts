// What can go wrong between an agent and Placement: what each kind does to one request and its answer.
import { STATUS_CODES, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** Slow enough that no pause of reading, and only a bound of the whole, ends a call within a test's time. */
const BETWEEN_BYTES_MS = 20;
const BEYOND_ALL_VERSIONS = "placement 1.999";

export type Misbehaviour =
  /** Placement's own words for a fault in it. */
  | { readonly kind: "internal error" }
  /** A load balancer's page while no Placement is behind it. */
  | { readonly kind: "unavailable" }
  /** A proxy's page in its place, as one that wants somebody to log in: 200. */
  | { readonly kind: "page" }
  /** 200 with what is no JSON. */
  | { readonly kind: "nonsense" }
  /** 200 with JSON that says something else than was asked, by default a list. */
  | { readonly kind: "wrong shape"; readonly body?: unknown }
  /** Placement refuses the version that was asked for, as an older one would. */
  | { readonly kind: "unsupported version" }
  /** Placement is not shown the token, as when it has expired. */
  | { readonly kind: "unauthorized" }
  /** Nothing is forwarded nor answered; the connection stays. */
  | { readonly kind: "silence" }
  /** The true answer comes byte by byte, its head as well; by default over many seconds. */
  | { readonly kind: "trickle"; readonly everyMs?: number }
  /** The true answer's connection is cut in the middle of its body, or of its head when it has none. */
  | { readonly kind: "cut" }
  /** Placement does what it was asked, and nobody is told. */
  | { readonly kind: "lost reply" }
  /** Somebody else does something between the agent's last look and this request. */
  | { readonly kind: "overtaken"; readonly by: () => Promise<unknown> };

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** One request that waits for its answer. */
export interface Exchange {
  readonly response: ServerResponse;
  /** What Placement says; rejects when it cannot be reached. A header of undefined is left out. */
  forward(changed?: IncomingHttpHeaders): Promise<Answer>;
}

/** Resolves with the status that was sent, or that Placement wanted to send; undefined when there is none. */
export async function answer(exchange: Exchange, how: Misbehaviour): Promise<number | undefined> {
  const { response } = exchange;
  switch (how.kind) {
    case "internal error":
      return send(response, ofJson(500, { errors: [{ status: 500, title: "Internal Server Error" }] }));
    case "unavailable":
      return send(response, of(503, "text/html", "<html><h1>503 Service Unavailable</h1></html>"));
    case "page":
      return send(response, of(200, "text/html", "<html><h1>Please log in</h1></html>"));
    case "nonsense":
      return send(response, of(200, "application/json", '{"resource_providers": ['));
    case "wrong shape":
      return send(response, ofJson(200, how.body ?? ["not", "what", "was", "asked"]));
    case "unsupported version":
      return send(response, await exchange.forward({ "openstack-api-version": BEYOND_ALL_VERSIONS }));
    case "unauthorized":
      return send(response, await exchange.forward({ "x-auth-token": undefined }));
    case "silence":
      return undefined;
    case "trickle":
      return await trickle(response, await exchange.forward(), how.everyMs);
    case "cut":
      return cut(response, await exchange.forward());
    case "lost reply":
      return lose(response, await exchange.forward());
    case "overtaken":
      await how.by();
      return send(response, await exchange.forward());
  }
}

export function send(response: ServerResponse, { status, headers, body }: Answer): number {
  // Of a 204 the length would be against RFC 9110, 8.6.
  response.writeHead(status, { ...headers, ...(status === 204 ? {} : { "content-length": body.length }) });
  response.end(body);
  return status;
}

async function trickle(response: ServerResponse, told: Answer, everyMs = BETWEEN_BYTES_MS): Promise<number> {
  const socket = socketOf(response);
  for (const byte of bytesOf(told)) {
    if (socket.destroyed) break;
    socket.write(Uint8Array.of(byte));
    await delay(everyMs, undefined, { ref: false });
  }
  socket.end();
  return told.status;
}

function cut(response: ServerResponse, told: Answer): number {
  const bytes = bytesOf(told);
  const keep = told.body.length > 0 ? bytes.length - Math.ceil(told.body.length / 2) : bytes.length / 2;
  const socket = socketOf(response);
  socket.write(bytes.subarray(0, keep), () => socket.destroy());
  return told.status;
}

function lose(response: ServerResponse, { status }: Answer): number {
  socketOf(response).destroy();
  return status;
}

function bytesOf({ status, headers, body }: Answer): Buffer {
  const lines = Object.entries({ ...headers, "content-length": String(body.length), connection: "close" });
  const head = lines.map(([name, value]) => `${name}: ${String(value)}\r\n`).join("");
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${head}\r\n`),
    body,
  ]);
}

function socketOf({ socket }: ServerResponse): Socket {
  if (socket === null) throw new Error("who asked is gone");
  return socket;
}

function ofJson(status: number, body: unknown): Answer {
  return of(status, "application/json", JSON.stringify(body));
}

function of(status: number, type: string, text: string): Answer {
  return { status, headers: { "content-type": type }, body: Buffer.from(text) };
}
