// The cached image: what a booted bed is made from, keyed by a hash of all of it, built into a temporary folder and renamed.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BedError } from "./bed-error.ts";
import { qemuArguments } from "./machine.ts";
import { Vm } from "./vm.ts";

const execute = promisify(execFile);

/** Where tests/testbed's sources are, seen from the compiled module. */
const sources = fileURLToPath(new URL("../../../test/testbed/", import.meta.url));
const compiled = fileURLToPath(new URL(".", import.meta.url));
const kept = 2;
const buildTimeoutMs = 20 * 60_000;

export const minimalInit = "/usr/local/sbin/testbed-init";

export interface ImageOptions {
  readonly cacheDir: string;
  /** Called with one line for each stage and the seconds it took. */
  readonly progress: (line: string) => void;
}

/** The folder of the image that fits this machine and these sources; builds it when it is not in the cache. */
export async function ensureImage(options: ImageOptions): Promise<string> {
  await mkdir(options.cacheDir, { recursive: true });
  await execute(join(sources, "image/packages.sh"), { timeout: buildTimeoutMs });
  const key = await imageKey(options.cacheDir);
  const entry = join(options.cacheDir, `image-${key}`);
  if (!(await exists(entry))) await build(entry, options);
  const now = new Date();
  await utimes(entry, now, now);
  await prune(options.cacheDir);
  return entry;
}

/** sha256 over the resolved versions, our own sources and the machine's description. */
async function imageKey(cacheDir: string): Promise<string> {
  const hash = createHash("sha256").update(await versions(cacheDir));
  for (const folder of ["modules", "image", "guest"])
    for (const file of await filesBelow(join(sources, folder)))
      hash.update(`\0${file.slice(sources.length)}\0`).update(await readFile(file));
  for (const file of ["protocol.js", "guest/agent.js"]) hash.update(await readFile(join(compiled, file)));
  const shares = { project: "", modules: "" };
  hash.update(qemuArguments({ dir: "", image: "", shares, init: minimalInit, restore: false }).join("\0"));
  return hash.digest("hex").slice(0, 16);
}

/** Asking apt takes seconds, so its answer is kept for as long as its lists and state are the same. */
async function versions(cacheDir: string): Promise<string> {
  const stamps = await Promise.all(
    ["/var/lib/apt/lists", "/var/lib/dpkg/status", process.execPath, join(sources, "image")].map(
      async (path) => `${path} ${(await stat(path)).mtimeMs}`,
    ),
  );
  const stamp = createHash("sha256").update(stamps.join("\n")).digest("hex");
  const memo = join(cacheDir, "versions");
  const [known, ...lines] = (await readFile(memo, "utf8").catch(() => "")).split("\n");
  if (known === stamp) return lines.join("\n");
  const { stdout } = await execute(join(sources, "image/versions.sh"), { timeout: 60_000 });
  await writeFile(memo, `${stamp}\n${stdout}`);
  return stdout;
}

async function build(entry: string, options: ImageOptions): Promise<void> {
  const work = await mkdtemp(join(options.cacheDir, "build-"));
  try {
    const started = performance.now();
    await runBuildScript(work, options.progress);
    await saveBooted(work, options.progress);
    options.progress(`total ${seconds(started)}`);
    // Somebody else may have built the same meanwhile: theirs is as good.
    await rename(work, entry).catch(async (error: unknown) => {
      if (!(await exists(entry))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function runBuildScript(work: string, progress: (line: string) => void): Promise<void> {
  const running = execute(join(sources, "image/build.sh"), [work, compiled], { timeout: buildTimeoutMs });
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

/** Boots the image once and saves the booted machine in disk.qcow2, next to the root.img it stands on. */
async function saveBooted(work: string, progress: (line: string) => void): Promise<void> {
  await execute("qemu-img", ["create", "-q", "-f", "qcow2", "-b", "root.img", "-F", "raw", join(work, "disk.qcow2")]);
  const booting = performance.now();
  const shares = { project: work, modules: work };
  const vm = await Vm.start({ dir: work, image: work, shares, init: minimalInit, restore: false });
  try {
    progress(`boot ${seconds(booting)}`);
    const warming = performance.now();
    await vm.channel.start(warmUp).result;
    progress(`warm-up ${seconds(warming)}`);
    const saving = performance.now();
    await vm.save();
    progress(`save ${seconds(saving)}`);
  } finally {
    await vm.stop();
  }
  for (const name of ["control.sock", "qmp.sock"]) await rm(join(work, name), { force: true });
}

/** What every run would otherwise pay for anew: libvirt's first look at its drivers, programs read from the disk. */
const warmUp = `udevadm settle --timeout=60
virsh -c qemu:///system list --all; virsh -c qemu:///system nodedev-list; qemu-system-x86_64 --version; lspci
sync`;

/** A copy of the saved machine in its own folder, which QEMU may write to. */
export async function prepareRun(image: string, dir: string): Promise<void> {
  await symlink(join(image, "root.img"), join(dir, "root.img"));
  await execute("cp", ["--reflink=auto", "--sparse=always", join(image, "disk.qcow2"), dir]);
}

async function prune(cacheDir: string): Promise<void> {
  const entries = (await readdir(cacheDir)).filter((name) => name.startsWith("image-"));
  const dated = await Promise.all(
    entries.map(async (name) => ({ name, mtimeMs: (await stat(join(cacheDir, name))).mtimeMs })),
  );
  dated.sort((a, b) => b.mtimeMs - a.mtimeMs);
  for (const { name } of dated.slice(kept)) await rm(join(cacheDir, name), { recursive: true, force: true });
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort();
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}
