// Finds the daemon's socket: modular daemons first, as libvirt's own remote driver does, then libvirtd.
import { stat } from "node:fs/promises";
import { join } from "node:path";

import { ConnectionLostError, messageOf } from "./errors.ts";

export interface SocketChoice {
  readonly driver: "qemu" | "xen";
  /** The one path to use; when given nothing else is tried. */
  readonly path?: string | undefined;
  /** Where daemons put their sockets, default `/run/libvirt`. */
  readonly directory?: string | undefined;
  /** The `-ro` socket, on which the daemon refuses changes and asks for no authentication. */
  readonly readonly?: boolean | undefined;
  /** Owners besides root and this process's own user that are trusted to serve the socket. */
  readonly trustedUids?: readonly number[] | undefined;
}

/** The paths to try, in order. */
export function socketCandidates(choice: SocketChoice): readonly string[] {
  if (choice.path !== undefined) return [choice.path];
  const directory = choice.directory ?? "/run/libvirt";
  const suffix = choice.readonly === true ? "-ro" : "";
  const modular = choice.driver === "qemu" ? "virtqemud" : "virtxend";
  return [modular, "libvirt"].map((daemon) => join(directory, `${daemon}-sock${suffix}`));
}

/**
 * The first candidate that exists. Rejects with ConnectionLostError: `no-socket` when none does, `socket-refused`
 * when one exists that is not a UNIX socket, is not owned by root or ourselves, or cannot be examined.
 */
export async function findSocket(choice: SocketChoice): Promise<string> {
  const candidates = socketCandidates(choice);
  for (const path of candidates) {
    if (await isTrustedSocket(path, choice.trustedUids ?? [])) return path;
  }
  const text = `no libvirt socket at ${candidates.join(" or ")}; is the daemon, or its systemd socket unit, running?`;
  throw new ConnectionLostError("no-socket", text);
}

async function isTrustedSocket(path: string, trustedUids: readonly number[]): Promise<boolean> {
  const found = await stat(path).catch((cause: unknown) => {
    if (isAbsent(cause)) return undefined;
    throw new ConnectionLostError("socket-refused", `cannot examine ${path}: ${messageOf(cause)}`, { cause });
  });
  if (!found) return false;
  if (!found.isSocket()) throw new ConnectionLostError("socket-refused", `${path} is not a UNIX socket`);
  // Whoever serves the socket is obeyed as the hypervisor: a file that another user left there must not be it.
  const trusted = [0, process.getuid?.() ?? 0, ...trustedUids];
  if (!trusted.includes(found.uid)) {
    const text = `${path} belongs to uid ${found.uid}, not to root or the user of this process`;
    throw new ConnectionLostError("socket-refused", text);
  }
  return true;
}

function isAbsent(caught: unknown): boolean {
  const code = caught instanceof Error && "code" in caught ? caught.code : undefined;
  return code === "ENOENT" || code === "ENOTDIR";
}
