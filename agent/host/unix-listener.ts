// Opens the API's UNIX socket and hands over the connections that come in.
import net from "node:net";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { listenOn } from "../hostd/protocol/listen.ts";

/** Disposing it stops listening and cuts the connections that are left. */
export interface UnixListener extends AsyncDisposable {
  readonly path: string;
}

/** Owner and group may connect; a chmod afterwards would leave a moment in which anybody may. */
const SOCKET_UMASK = 0o117;

/** Rejects when somebody serves the socket already; a file that a dead process left is replaced. */
export async function listenUnix(
  file: string,
  onConnection: (socket: net.Socket) => void,
): Promise<UnixListener> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o750 });
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    onConnection(socket);
  });
  const before = process.umask(SOCKET_UMASK);
  try {
    await listenOn(server, { path: file });
  } finally {
    process.umask(before);
  }
  return {
    path: file,
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
