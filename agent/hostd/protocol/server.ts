// The server half: greets, reads requests, answers each once. What an operation does is the caller's.
import net from "node:net";
import { listenOn, type ListenAddress } from "./listen.ts";
import { encodeLine, LineReader } from "./lines.ts";
import { PROTOCOL_VERSION, type Hello, type Reply, type Request, type Result } from "./messages.ts";
import { parseRequest, ProtocolError } from "./parse.ts";

const MAX_CONNECTIONS = 16;
const MAX_UNANSWERED = 64;
// A peer that asks and never reads: its answers are small, so this many bytes are hundreds of them.
const MAX_UNREAD_BYTES = 1024 * 1024;

export interface ProtocolServerOptions {
  readonly address: ListenAddress;
  /** The name in the greeting, e.g. `vgpud-hostd`. */
  readonly program: string;
  /** Performs one operation and answers within the request's deadline. Must not reject. */
  readonly perform: (request: Request) => Promise<Result>;
}

export interface ProtocolServer {
  /** Stops listening and cuts the connections; operations under way go on unheard. */
  close(): Promise<void>;
}

/** Listens until closed. A peer that breaks the protocol is told why and cut off; the others do not notice. */
export async function serveProtocol(options: ProtocolServerOptions): Promise<ProtocolServer> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    serveConnection(socket, options);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listenOn(server, options.address);
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function serveConnection(socket: net.Socket, options: ProtocolServerOptions): void {
  const reader = new LineReader();
  let unanswered = 0;
  const say = (message: Hello | Reply): void => {
    if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
    if (socket.writable) socket.write(encodeLine(message));
  };
  const perform = async (request: Request): Promise<void> => {
    unanswered += 1;
    const result = unanswered > MAX_UNANSWERED ? overloaded : await options.perform(request);
    unanswered -= 1;
    say({ id: request.id, result });
  };
  const refuse = (error: unknown): void => {
    if (!(error instanceof ProtocolError)) throw error;
    say({ id: error.requestId, result: { kind: "refused", why: error.message } });
    // Without an id nobody can be answered any more: what follows may be the middle of a lost line.
    if (error.requestId === 0) socket.removeAllListeners("data").resume().end();
  };
  // An error is always followed by close; a peer that went away is nothing to report.
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    attempt(() => {
      for (const line of reader.feed(chunk)) attempt(() => void perform(parseRequest(line)), refuse);
    }, refuse);
  });
  say({ hello: options.program, protocol: PROTOCOL_VERSION });
}

const overloaded: Result = {
  kind: "failed",
  why: `more than ${MAX_UNANSWERED} requests of this connection are unanswered`,
};

function attempt(work: () => void, otherwise: (error: unknown) => void): void {
  try {
    work();
  } catch (error) {
    otherwise(error);
  }
}
