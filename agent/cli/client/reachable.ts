// Tells why a socket cannot be reached. grpc-js says it only in the text of an UNAVAILABLE; the errno is plain.
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { connect as openSocket } from "node:net";
import { systemClock as clock } from "../../core/clock.ts";
import { Deadline } from "../../core/deadline.ts";
import { CliError } from "../errors/cli-error.ts";
import { DEFAULT_SOCKET } from "./default-socket.ts";
import type { Limit } from "./limit.ts";
import { STUCK } from "./stuck.ts";

export interface Reach {
  readonly socketPath: string;
  readonly timeout: Limit;
  readonly signal: AbortSignal;
}

/** Connects and lets go. Fails with the endings `permission`, `unreachable` or `interrupted`. */
export async function requireReachable({ socketPath, timeout, signal }: Reach): Promise<void> {
  using deadline = new Deadline(timeout.ms, { stop: signal, clock });
  const socket = openSocket(socketPath);
  try {
    await once(socket, "connect", { signal: deadline.signal });
  } catch (error) {
    if (signal.aborted)
      throw new CliError("interrupted", "interrupted before vgpud was asked", { cause: error });
    if (await isAnotherThing(socketPath)) throw notASocket(socketPath, error);
    throw deadline.isOver ? lateSocket(socketPath, timeout, error) : refusedSocket(socketPath, error);
  } finally {
    socket.destroy();
  }
}

/** The errno is ECONNREFUSED for a file of any kind. */
async function isAnotherThing(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && !found.isSocket();
}

function notASocket(path: string, cause: unknown): CliError {
  const hint = "--socket takes the path that vgpud prints when it is ready";
  return new CliError("unreachable", `vgpud does not answer: ${path} is not a socket`, {
    hints: [hint],
    cause,
  });
}

/** Somebody serves the socket, who is slow to take a connection. */
export function lateSocket(path: string, late: Limit, cause: unknown): CliError {
  return new CliError("unreachable", `vgpud does not answer: no connection to ${path} came about in time`, {
    late,
    // Of a limit with a work a hint comes first that says whether it may be too short.
    hints: [late.isUsers && late.work === undefined ? `--timeout is too short, ${STUCK}` : STUCK],
    cause,
  });
}

/** Why a socket would not be opened, by its errno. */
export function refusedSocket(socketPath: string, error: unknown): CliError {
  const errno = error instanceof Error && "code" in error ? String(error.code) : "";
  if (errno === "EACCES" || errno === "EPERM")
    return new CliError("permission", `not allowed to open the socket ${socketPath}`, {
      ...(socketPath === DEFAULT_SOCKET ? { lines: [JOIN_GROUP] } : {}),
      cause: error,
    });
  const { why, hint } = unreachable(socketPath, errno);
  // Of one that takes no more connections somebody is behind it.
  const kind = errno === "EAGAIN" ? undefined : "unserved";
  return new CliError("unreachable", `vgpud does not answer: ${why}`, {
    kind,
    hints: [hint],
    cause: error,
  });
}

/** Whose the packaged socket is; its members are administrators of the host. */
const JOIN_GROUP = '  its group is vgpud; to join it: sudo usermod -aG vgpud "$USER", then log in again';

/** What was found, and what to start: by the name of a service only where the package put the socket. */
function unreachable(socketPath: string, errno: string): { readonly why: string; readonly hint: string } {
  const packaged = socketPath === DEFAULT_SOCKET ? "sudo systemctl start vgpud.service" : "start vgpud";
  const simulate = "or try: vgpud --simulate, then vgpuctl --socket PATH with the path that it prints";
  switch (errno) {
    case "ENOENT":
      return {
        why: `there is no socket at ${socketPath}`,
        hint: `is vgpud running? ${packaged}, ${simulate}`,
      };
    case "ECONNREFUSED":
      return {
        why: `nobody serves the socket ${socketPath}`,
        hint: `the vgpud that made it has ended: ${packaged}, ${simulate}`,
      };
    case "EAGAIN":
      return { why: `as many connections wait at ${socketPath} as may, and it takes none`, hint: STUCK };
    default:
      return {
        why: `cannot open ${socketPath} (${errno})`,
        hint: `is it the socket that vgpud prints when it is ready? ${packaged}, ${simulate}`,
      };
  }
}
