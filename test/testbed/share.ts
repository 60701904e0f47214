// The project's files in the guest. A mounted share forbids saving the machine, so it is mounted after each restore or boot.
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { BedError, within } from "./bed-error.ts";
import type { GuestChannel } from "./guest-channel.ts";
import type { MachineOptions } from "./machine.ts";

/** The folders QEMU offers; `nothing` stands for what is not there, because the machine always has both devices. */
export async function sharedFolders(
  share: string | undefined,
  nothing: string,
): Promise<MachineOptions["shares"]> {
  const project = share === undefined ? nothing : await realpath(share);
  return { project, modules: await realpath(join(project, "node_modules")).catch(() => nothing) };
}

const mount = "mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose,ro";
// node_modules may be a link out of the project: then its target is mounted where the link leads.
const script = `set -e
modprobe 9pnet_virtio
${mount} project /share
if [ -L /share/node_modules ]; then
  target=$(readlink -m /share/node_modules)
  mkdir -p "$target"
  ${mount} modules "$target"
fi`;

export async function mountShare(channel: GuestChannel): Promise<void> {
  const { code, stderr } = await within(channel.start(script).result, 60_000, "the guest to mount the share");
  if (code !== 0)
    throw new BedError("guest", `the guest cannot mount the share: ${stderr.toString("utf8").trim()}`);
}
