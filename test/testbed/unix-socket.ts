// Connecting to a socket that a process just started will offer soon.
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Tries until somebody listens; the signal ends it with the signal's reason. */
export async function connectWhenListening(path: string, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    signal.throwIfAborted();
    const socket = await tryConnect(path);
    if (socket !== undefined) return socket;
    await sleep(20, undefined, { signal }).catch(() => undefined);
  }
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      resolve(socket);
    });
    socket.once("error", () => {
      resolve(undefined);
    });
  });
}
