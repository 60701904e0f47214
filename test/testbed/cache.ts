// House-keeping in the cache folder: PREFIXimage-KEY are images, build-PID-* and run-PID-* belong to a process.
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** Images that stay: the one in use and the one before it, so that changing branches does not rebuild each time. */
const kept = 2;

/** Removes all but the most recently used images of one machine. */
export async function prune(cacheDir: string, prefix: string): Promise<void> {
  const names = (await readdir(cacheDir)).filter((name) => name.startsWith(`${prefix}image-`));
  const dated = await Promise.all(
    names.map(async (name) => ({ name, mtimeMs: (await stat(join(cacheDir, name))).mtimeMs })),
  );
  dated.sort((a, b) => b.mtimeMs - a.mtimeMs);
  for (const { name } of dated.slice(kept)) await rm(join(cacheDir, name), { recursive: true, force: true });
}

/** Removes the folders of processes that were killed before they could do it themselves. */
export async function removeStale(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    const pid = /^(?:build|run)-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !alive(Number(pid)))
      await rm(join(cacheDir, name), { recursive: true, force: true });
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
