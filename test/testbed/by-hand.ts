// A bed that outlives the command that started it, for people: one of each machine per cache folder, found again by its folder.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BedError, within } from "./bed-error.ts";
import { GuestChannel, type CommandResult } from "./guest-channel.ts";
import { ensureImage, prepareRun, type ImageOptions } from "./image.ts";
import type { Init, Machine } from "./machine.ts";
import { mountShare, sharedFolders } from "./share.ts";
import { connectWhenListening } from "./unix-socket.ts";
import { Vm } from "./vm.ts";

/** Which of the beds that may stay. */
export interface ByHand {
  readonly cacheDir: string;
  readonly machine: Machine;
}

const folder = ({ cacheDir, machine }: ByHand): string => join(cacheDir, `${machine.prefix}by-hand`);

/** The pid of the bed's QEMU; undefined when none runs. A pid that now belongs to something else does not count. */
export async function runningByHand(which: ByHand): Promise<number | undefined> {
  const pid = Number(await readFile(join(folder(which), "pid"), "utf8").catch(() => ""));
  if (!(pid > 0)) return undefined;
  const words = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return words.includes(folder(which)) ? pid : undefined;
}

export async function startByHand(
  options: ImageOptions & { readonly share: string; readonly init: Init },
): Promise<void> {
  const dir = folder(options);
  const image = await ensureImage(options);
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir);
  const { init, machine } = options;
  const prepared = await prepareRun({ image, dir, init });
  const shares = await sharedFolders(options.share, dir);
  const vm = await Vm.start(machine, { dir, image, shares, init, ...prepared, detached: true });
  await writeFile(join(dir, "pid"), String(vm.pid));
  await mountShare(vm.channel);
  vm.detach();
}

export async function runByHand(which: ByHand, command: string): Promise<CommandResult> {
  const path = join(folder(which), "control.sock");
  const socket = await connectWhenListening(path, AbortSignal.timeout(60_000));
  const channel = new GuestChannel(socket, process.pid * 1000);
  try {
    await channel.hello(Date.now, 60_000);
    return await channel.start(command).result;
  } finally {
    channel.close();
  }
}

export async function stopByHand(which: ByHand): Promise<void> {
  const pid = await runningByHand(which);
  if (pid === undefined) throw new BedError("usage", "no test bed is running");
  process.kill(pid, "SIGKILL");
  await within(ended(which), 30_000, `QEMU (pid ${pid}) to end`);
  await rm(folder(which), { recursive: true, force: true });
}

async function ended(which: ByHand): Promise<void> {
  while ((await runningByHand(which)) !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
}
