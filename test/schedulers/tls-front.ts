// A server that speaks TLS in front of one that does not, as clouds have it in front of Placement.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request as ask } from "node:http";
import { createServer, type Server } from "node:https";
import type { Pair } from "../e2e/tls/authority.ts";

export class TlsFront implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  /** How many requests came as far as being read. */
  served = 0;

  private constructor(server: Server, port: number, real: string) {
    this.#server = server;
    this.url = `https://127.0.0.1:${port}`;
    server.on("request", (request, response) => {
      this.served += 1;
      const { method = "GET", url = "/", headers } = request;
      const there = ask(new URL(url, real), { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      there.on("error", () => response.destroy());
      request.pipe(there);
    });
  }

  /** `real` is the URL of the server behind it. */
  static async start(real: string, { certificate, key }: Pair): Promise<TlsFront> {
    const [cert, secret] = await Promise.all([certificate, key].map((file) => readFile(file)));
    const server = createServer({ cert, key: secret }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new TypeError("not a TCP address");
    return new TlsFront(server, address.port, real);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
