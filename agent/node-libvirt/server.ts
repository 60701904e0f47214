// The server half: a libvirt daemon on a UNIX socket whose procedures are a table of functions. For simulators and tests.
import { type Server, createServer } from "node:net";

import { type ProcedureName, type Signatures, procedures } from "./remote.gen.ts";
import { type Route, ServerSession } from "./server-session.ts";

/** Answers one procedure. What it throws becomes the reply: a LibvirtError as it is, anything else as code 1. */
export type Handler<Name extends ProcedureName> = (
  args: Signatures[Name]["args"],
  session: ServerSession,
) => Signatures[Name]["ret"] | Promise<Signatures[Name]["ret"]>;

/** A procedure without a handler is answered with code 3, not supported by the connection driver. */
export type Handlers = { readonly [Name in ProcedureName]?: Handler<Name> };

export interface ServerOptions {
  readonly handlers: Handlers;
  /** Calls worked on at once for one client, default 5 as libvirtd's max_client_requests. */
  readonly maxRequests?: number;
  /** Told of what a handler threw that is no LibvirtError. Default: ignored, the client sees it. */
  readonly onFault?: (fault: unknown) => void;
}

// virDrvFeature: what a client asks about and this server does. File descriptors (8) cannot be passed by Node.
const FEATURES = new Set([
  /* typed parameter strings */ 9, /* keepalive */ 10, /* event callbacks */ 14, /* close */ 15,
]);

/** What a daemon answers whatever its driver is; a table of the same names replaces it. */
const basics: Handlers = {
  authList: () => ({ types: [0] }),
  connectOpen: () => undefined,
  connectClose: () => undefined,
  connectSupportsFeature: ({ feature }) => ({ supported: FEATURES.has(feature) ? 1 : 0 }),
  connectRegisterCloseCallback: () => undefined,
  connectUnregisterCloseCallback: () => undefined,
  connectIsSecure: () => ({ secure: 1 }),
};

export class LibvirtServer {
  readonly #server: Server;
  readonly #sessions = new Set<ServerSession>();

  constructor(options: ServerOptions) {
    const sessionOptions = {
      routes: routeTable({ ...basics, ...options.handlers }),
      maxRequests: options.maxRequests ?? 5,
      onFault: options.onFault ?? (() => undefined),
    };
    this.#server = createServer((socket) => {
      const session = new ServerSession(socket, sessionOptions);
      this.#sessions.add(session);
      void session.closed.then(() => this.#sessions.delete(session));
    });
  }

  get sessions(): readonly ServerSession[] {
    return [...this.#sessions];
  }

  /** Listens on a UNIX socket; rejects with the system's error when it cannot, for example EADDRINUSE. */
  listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ path }, () => {
        this.#server.removeListener("error", reject);
        resolve();
      });
    });
  }

  /** Ends all sessions and removes the socket. */
  close(): Promise<void> {
    for (const session of this.#sessions) session.close();
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }
}

function routeTable(
  handlers: Handlers,
): Map<number, { readonly name: string; readonly route: Route | undefined }> {
  const names = Object.keys(procedures).filter(isProcedureName);
  return new Map(
    names.map((key) => [
      procedures[key].number,
      { name: procedures[key].name, route: routeOf(key, handlers) },
    ]),
  );
}

function routeOf<Name extends ProcedureName>(key: Name, handlers: Pick<Handlers, Name>): Route | undefined {
  const handler: Handlers[Name] | undefined = handlers[key];
  if (!handler) return undefined;
  const { args, ret } = procedures[key];
  return async (body, session) => {
    const decoded = args.decode(body);
    body.end();
    const value = await handler(decoded, session);
    return (encoder) => {
      ret.encode(encoder, value);
    };
  };
}

const isProcedureName = (name: string): name is ProcedureName => name in procedures;
