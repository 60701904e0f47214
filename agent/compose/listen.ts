// The API's sockets: systemd's where it handed them over, our own at the configured paths where it did not.
import type { SocketName } from "../api/access.ts";
import { connectionsOn } from "../api/limits.ts";
import { limitsOf, readSocketOf } from "../config/schema.ts";
import { listenUnix, type UnixListener } from "../host/unix-listener.ts";
import type { AgentOptions } from "./agent-options.ts";
import type { Api } from "./api.ts";

const SOCKETS: readonly string[] = ["admin", "read"] satisfies readonly SocketName[];

export function openSocket(
  name: SocketName,
  { config, manager, log }: AgentOptions,
  api: Api,
): Promise<UnixListener> {
  const handed = manager.sockets.find((socket) => socket.name === name);
  const path = name === "admin" ? config.socket : readSocketOf(config);
  const maxConnections = connectionsOn(name, limitsOf(config));
  return listenUnix(handed ? { fd: handed.fd } : { path }, {
    maxConnections,
    onConnection: (connection) => {
      api.accept(name, connection);
    },
    onFull: () => {
      log.warn({ socket: name, connections: maxConnections }, "the socket is full; connections are refused");
    },
  });
}

/** A unit that names its socket otherwise would be waited at in vain. */
export function warnOfUnknownSockets({ manager, log }: AgentOptions): void {
  for (const { fd, name } of manager.sockets)
    if (!SOCKETS.includes(name))
      log.warn({ fd, name }, "a socket from systemd is neither named admin nor read, and is not served");
}
