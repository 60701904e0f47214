// A port of loopback for a program that cannot be told to take any free one and say which.
import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** How often a port may turn out to be somebody's before something else is wrong. */
const TRIES = 20;

/**
 * A port of 127.0.0.1 that nobody is listening on. Held, it is no other holder's, and no connection's either: while it is bound,
 * though at another address, the kernel does not give it to who connects (`__inet_hash_connect` in net/ipv4/inet_hashtables.c). So
 * a program can end and come back on it.
 */
export class HeldPort implements AsyncDisposable {
  readonly port: number;
  readonly #holder: Server;

  private constructor(port: number, holder: Server) {
    this.port = port;
    this.#holder = holder;
  }

  static async hold(): Promise<HeldPort> {
    let busy: unknown;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const free = await listen(0, "127.0.0.1");
      try {
        const port = portOf(free);
        return new HeldPort(port, await listen(port, "127.0.0.2"));
      } catch (error) {
        busy = error;
      } finally {
        await close(free);
      }
    }
    throw new Error(`no free port of loopback in ${TRIES} tries`, { cause: busy });
  }

  /** Again, it does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#holder.listening) await close(this.#holder);
  }
}

async function listen(port: number, address: string): Promise<Server> {
  const server = createServer().listen(port, address);
  await once(server, "listening");
  // A test that forgets it is not kept from ending.
  return server.unref();
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("not a TCP address");
  return address.port;
}
