// Real file systems for a state directory, to be broken and mended: a small tmpfs, and one in user space that fails on demand.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:fs";
import { access, copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { constants as system, tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { until } from "../e2e/harness/until.ts";

const run = promisify(execFile);
/** Debian's own, which knows python3-fusepy. */
const PYTHON = "/usr/bin/python3";

/** An operation of the file system as FUSE names it. */
export type DiskOperation = "read" | "write" | "create" | "fsync" | "fsyncdir" | "rename";

export interface FaultyDisk extends AsyncDisposable {
  /** Where it is mounted. */
  readonly at: string;
  break(): Promise<void>;
  mend(): Promise<void>;
}

/** Why no disk can be mounted here; undefined when one can. */
export async function whyNoDisks(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "only root can mount";
  const device = await access("/dev/fuse", constants.R_OK | constants.W_OK).then(
    () => undefined,
    () => "there is no /dev/fuse",
  );
  const python = await run(PYTHON, ["-c", "import fusepy"]).then(
    () => undefined,
    () => "Python has no module fusepy (Debian: python3-fusepy)",
  );
  return device ?? python;
}

/** 512 KiB; broken it has no room left. */
export async function fullDisk(): Promise<FaultyDisk> {
  const disk = await smallTmpfs();
  const ballast = path.join(disk.at, "ballast");
  return {
    ...disk,
    break: async () => {
      await writeFile(ballast, Buffer.alloc(1024 * 1024)).catch((error: unknown) => {
        if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
      });
    },
    mend: () => rm(ballast),
  };
}

/** Broken it is mounted read-only, as ext4 is after an error. */
export async function readOnlyDisk(): Promise<FaultyDisk> {
  const disk = await smallTmpfs();
  const remount = async (how: string): Promise<void> => {
    // Refused while a file is being written.
    await until(`the disk is remounted ${how}`, () =>
      run("mount", ["-o", `remount,${how}`, disk.at]).then(
        () => true,
        () => false,
      ),
    );
  };
  return { ...disk, break: () => remount("ro"), mend: () => remount("rw") };
}

/** Broken, these operations fail with EIO. */
export async function failingDisk(...fail: readonly DiskOperation[]): Promise<FaultyDisk> {
  return await inUserSpace({ fail, errno: system.errno.EIO });
}

/** Broken, these operations take so long, or until it is mended. */
export async function slowDisk(seconds: number, ...delay: readonly DiskOperation[]): Promise<FaultyDisk> {
  return await inUserSpace({ delay, seconds });
}

/**
 * Has copies of a folder's files. Broken, a read of one takes so long, or until it is mended, unless its reader is killed: the kernel keeps
 * what was read, since for dropping it, as it otherwise does whenever a file is opened, it waits for reads under way beyond all signals.
 */
export async function slowCopy(seconds: number, folder: string): Promise<FaultyDisk> {
  return await inUserSpace({ delay: ["read"], seconds }, { copied: folder, options: ["kernel_cache"] });
}

/** Tries again while somebody has a file open there, as an agent that happens to read one. */
export async function unmount(at: string): Promise<void> {
  await until(`${at} is unmounted`, () =>
    run("umount", [at]).then(
      () => true,
      () => false,
    ),
  );
}

async function smallTmpfs(): Promise<Pick<FaultyDisk, "at" | typeof Symbol.asyncDispose>> {
  const at = await mkdtemp(path.join(tmpdir(), "vgpud-disk-"));
  await run("mount", ["-t", "tmpfs", "-o", "size=512k", "vgpud-test", at]);
  return {
    at,
    [Symbol.asyncDispose]: async () => {
      await unmount(at);
      await rm(at, { recursive: true });
    },
  };
}

interface Made {
  /** A folder whose files are there from the beginning. */
  readonly copied?: string;
  readonly options?: readonly string[];
}

async function inUserSpace(faults: object, { copied, options = [] }: Made = {}): Promise<FaultyDisk> {
  const folder = await mkdtemp(path.join(tmpdir(), "vgpud-disk-"));
  const [backing, at, told] = ["backing", "disk", "faults.json"].map((name) => path.join(folder, name));
  if (!backing || !at || !told) throw new Error("unreachable: three names");
  for (const directory of [backing, at]) await mkdir(directory);
  if (copied !== undefined) await copyFiles(copied, backing);
  const said = path.join(folder, "faults.json.new");
  const words = ["test/contract/faulty-disk.py", backing, at, told, ...options];
  const server = spawn(PYTHON, words, { stdio: "inherit" });
  await mounted(server, at);
  return {
    at,
    // In one piece, since it is read at any time.
    break: async () => {
      await writeFile(said, JSON.stringify(faults));
      await rename(said, told);
    },
    mend: () => rm(told, { force: true }),
    [Symbol.asyncDispose]: async () => {
      await rm(told, { force: true });
      const ended = once(server, "close");
      try {
        await unmount(at);
      } finally {
        // Where something holds the disk still, as another mount namespace does that was made meanwhile, the server would go on.
        server.kill("SIGKILL");
        await ended;
      }
      await rm(folder, { recursive: true });
    },
  };
}

async function copyFiles(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true }))
    if (entry.isFile()) await copyFile(path.join(from, entry.name), path.join(to, entry.name));
}

async function mounted(server: ChildProcess, at: string): Promise<void> {
  await until(`${at} is mounted`, async () => {
    if (server.exitCode !== null) throw new Error(`the disk's server ended with ${server.exitCode}`);
    return (await readFile("/proc/mounts", "utf8")).includes(` ${at} fuse`);
  });
}
