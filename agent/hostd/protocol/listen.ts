// Opens a listening UNIX socket: systemd's, or one of our own at a path where nobody answers any more.
import { lstat, unlink } from "node:fs/promises";
import net from "node:net";

/** Where to listen: a path to bind, or a descriptor that systemd has bound already. */
export type ListenAddress = { readonly path: string } | { readonly fd: number };

/**
 * Starts listening. A socket file that a dead process left behind is replaced; a live one, or a file that is no socket,
 * is left alone. The new socket's mode follows the process's umask.
 * @throws Error when somebody answers at the path, or the system refuses
 */
export async function listenOn(server: net.Server, address: ListenAddress): Promise<void> {
  try {
    await tryListen(server, address);
  } catch (error) {
    if (!("path" in address) || !isAddressInUse(error)) throw error;
    await removeStaleSocket(address.path);
    await tryListen(server, address);
  }
}

async function tryListen(server: net.Server, address: ListenAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(address, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function removeStaleSocket(path: string): Promise<void> {
  // connect(2) answers ECONNREFUSED for an ordinary file too, so the kind of the file is asked first.
  const found = await lstat(path);
  if (!found.isSocket()) throw new Error(`cannot listen at ${path}: it exists and is no socket`);
  if (await somebodyAnswers(path)) throw new Error(`cannot listen at ${path}: another process answers there`);
  await unlink(path);
}

async function somebodyAnswers(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = net.connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    // Only a refusal proves that nobody listens; a full queue (EAGAIN) or a missing right does not.
    probe.once("error", (error) => {
      resolve(!("code" in error && error.code === "ECONNREFUSED"));
    });
  });
}

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}
