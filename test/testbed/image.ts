// The cached image: all that a booted bed is made from, built into a temporary folder and renamed.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rename, rm, symlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { BedError } from "./bed-error.ts";
import { exists, prune, removeStale } from "./cache.ts";
import { compiled, imageKey, sources } from "./image-key.ts";
import type { Init, Machine } from "./machine.ts";
import { Vm } from "./vm.ts";

const execute = promisify(execFile);
const buildTimeoutMs = 20 * 60_000;

export interface ImageOptions {
  readonly cacheDir: string;
  readonly machine: Machine;
  /** Called with "STAGE SECONDS" for each stage of a build. */
  readonly progress: (line: string) => void;
}

/** The folder of the image that fits this machine and these sources; builds it when it is not in the cache. */
export async function ensureImage(options: ImageOptions): Promise<string> {
  const { cacheDir, machine } = options;
  await mkdir(cacheDir, { recursive: true });
  await removeStale(cacheDir);
  const entry = join(cacheDir, `${machine.prefix}image-${await imageKey(cacheDir, machine)}`);
  if (!(await exists(entry))) await build(entry, options);
  // The time of last use decides which images are kept.
  const now = new Date();
  await utimes(entry, now, now);
  await prune(cacheDir, machine.prefix);
  return entry;
}

async function build(entry: string, { cacheDir, machine, progress }: ImageOptions): Promise<void> {
  const work = await mkdtemp(join(cacheDir, `build-${process.pid}-`));
  try {
    await timed("total", progress, async () => {
      await runBuildScript(work, machine, progress);
      for (const init of machine.warmUps.keys()) await saveBooted({ work, machine, init, progress });
    });
    await rename(work, entry).catch(async (error: unknown) => {
      // Somebody else has built the same meanwhile: theirs is as good.
      if (!(await exists(entry))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function runBuildScript(
  work: string,
  { folder }: Machine,
  progress: (line: string) => void,
): Promise<void> {
  const script = join(sources, folder, "image/build.sh");
  const running = execute(script, [work, compiled], { timeout: buildTimeoutMs });
  running.child.stdout?.on("data", (text: Buffer | string) => {
    for (const line of String(text).trim().split("\n")) progress(line);
  });
  try {
    await running;
  } catch (error) {
    const text = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    throw new BedError("build", `cannot build the test bed's image: ${text.trim()}`, { cause: error });
  }
}

interface BootedState {
  readonly work: string;
  readonly machine: Machine;
  readonly init: Init;
  readonly progress: (line: string) => void;
}

/** Boots the image once and saves the booted machine in INIT.qcow2, next to the root.img it stands on. */
async function saveBooted({ work, machine, init, progress }: BootedState): Promise<void> {
  const disk = await freshDisk(work);
  const shares = { project: work, modules: work };
  const vm = await timed(`${init} boot`, progress, () =>
    Vm.start(machine, { dir: work, image: work, shares, init, restore: false }),
  );
  try {
    const warmUp = machine.warmUps.get(init) ?? "";
    await timed(`${init} warm-up`, progress, () => vm.channel.start(warmUp).result);
    await timed(`${init} save`, progress, () => vm.save());
  } finally {
    await vm.stop();
  }
  await rename(disk, join(work, `${init}.qcow2`));
  for (const name of ["control.sock", "qmp.sock"]) await rm(join(work, name), { force: true });
}

/**
 * Puts a copy of a saved machine into `dir` (in place of an earlier one), for QEMU to write to; a disk to boot from where none is
 * saved with this PID 1. Says which of the two.
 */
export async function prepareRun({ image, dir, init }: RunFolder): Promise<{ readonly restore: boolean }> {
  for (const name of ["root.img", "disk.qcow2"]) await rm(join(dir, name), { force: true });
  await symlink(join(image, "root.img"), join(dir, "root.img"));
  const saved = join(image, `${init}.qcow2`);
  const restore = await exists(saved);
  if (restore) await execute("cp", ["--reflink=auto", "--sparse=always", saved, join(dir, "disk.qcow2")]);
  else await freshDisk(dir);
  return { restore };
}

/** A disk that begins as root.img beside it; its path. */
async function freshDisk(dir: string): Promise<string> {
  const disk = join(dir, "disk.qcow2");
  await execute("qemu-img", ["create", "-q", "-f", "qcow2", "-b", "root.img", "-F", "raw", disk]);
  return disk;
}

interface RunFolder {
  readonly image: string;
  readonly dir: string;
  readonly init: Init;
}

async function timed<T>(name: string, progress: (line: string) => void, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  progress(`${name} ${((performance.now() - started) / 1000).toFixed(1)}`);
  return result;
}
