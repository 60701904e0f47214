// Tells why a socket cannot be reached. grpc-js says it only in the text of an UNAVAILABLE; the errno is plain.
import { once } from "node:events";
import { connect as openSocket } from "node:net";
import { CliError } from "./cli-error.ts";

export interface Reach {
  readonly socketPath: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Connects and lets go. Fails with the endings `permission`, `unreachable` or `interrupted`. */
export async function requireReachable({ socketPath, timeoutMs, signal }: Reach): Promise<void> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const socket = openSocket(socketPath);
  try {
    await once(socket, "connect", { signal: AbortSignal.any([signal, deadline]) });
  } catch (error) {
    if (signal.aborted)
      throw new CliError("interrupted", "interrupted before vgpud was asked", { cause: error });
    throw refusedSocket(socketPath, error);
  } finally {
    socket.destroy();
  }
}

/** Why a socket would not be opened, by its errno. */
export function refusedSocket(socketPath: string, error: unknown): CliError {
  const errno = error instanceof Error && "code" in error ? String(error.code) : "";
  if (errno === "EACCES" || errno === "EPERM")
    return new CliError("permission", `not allowed to open the socket ${socketPath}`, { cause: error });
  const found = {
    ENOENT: `there is no socket at ${socketPath}`,
    ECONNREFUSED: `nobody serves the socket ${socketPath}`,
    ABORT_ERR: `nobody took the connection on ${socketPath} in time`,
  };
  const why =
    Object.entries(found).find(([code]) => code === errno)?.[1] ?? `cannot open ${socketPath} (${errno})`;
  return new CliError("unreachable", `vgpud does not answer: ${why}`, {
    hints: [
      "systemctl status vgpud",
      "without hardware: vgpud --simulate, then vgpuctl --socket with the path that it prints",
    ],
    cause: error,
  });
}
