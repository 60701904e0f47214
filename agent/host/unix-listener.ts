// Opens the API's UNIX socket and hands over the connections that come in.
import net from "node:net";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { listenOn, type ListenAddress } from "../hostd/protocol/listen.ts";

/** Disposing it stops listening and cuts the connections that are left. */
export interface UnixListener extends AsyncDisposable {
  /** Takes no more connections; who connects to a socket of systemd's waits for whoever serves it next. */
  stopListening(): void;
  /** The path, or `fd:3` for a socket that systemd opened. */
  readonly at: string;
}

/** Owner and group may connect; a chmod afterwards would leave a moment in which anybody may. */
const SOCKET_UMASK = 0o117;

export interface UnixListenerOptions {
  /** More at a time are closed as soon as they are accepted. */
  readonly maxConnections: number;
  readonly onConnection: (socket: net.Socket) => void;
  /** Told of the first connection that was closed for that; again only after half of them had gone. */
  readonly onFull: () => void;
}

/**
 * Rejects when somebody serves the socket already; a file that a dead process left is replaced.
 * A descriptor is served as it is: its path, mode and owner are systemd's, and nothing is unlinked.
 */
export async function listenUnix(
  address: ListenAddress,
  { maxConnections, onConnection, onFull }: UnixListenerOptions,
): Promise<UnixListener> {
  if ("path" in address) await mkdir(path.dirname(address.path), { recursive: true, mode: 0o750 });
  const sockets = new Set<net.Socket>();
  let full = false;
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => {
      sockets.delete(socket);
      if (sockets.size <= maxConnections / 2) full = false;
    });
    onConnection(socket);
  });
  server.maxConnections = maxConnections;
  server.on("drop", () => {
    if (!full) onFull();
    full = true;
  });
  const before = process.umask(SOCKET_UMASK);
  try {
    await listenOn(server, address);
  } finally {
    process.umask(before);
  }
  return {
    at: "path" in address ? address.path : `fd:${address.fd}`,
    stopListening() {
      server.close();
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      // A peer that connected and never spoke has no call to finish, and would keep the server open for ever.
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
