// What the kernel counts of domains that render on a GPU of the host: the fdinfo of each QEMU's open DRM nodes (kernel
// Documentation/gpu/drm-usage-stats.rst). Which processes are QEMUs of domains, libvirt's own pid files say.
import { readdirSync } from "node:fs";
import type { AllowedFiles } from "./allowed-files.ts";
import { KERNEL_FORMS } from "./kernel-forms.ts";
import { commandLineOf, guestNameOf, optionOf } from "./command-lines.ts";
import { exists, whyNotOurs } from "./display-functions.ts";
import { drmNodes } from "./driver-users.ts";
import { descriptorsOf } from "./holders.ts";
import { orEmpty, orUndefined, readFrom } from "./kernel-files.ts";
import { FORMS } from "./protocol/forms.ts";
import {
  MAX_RENDER_CLIENTS,
  MAX_RENDER_PROCESSES,
  MAX_REPLY_BYTES,
  type RenderClient,
  type RenderProcess,
  type Result,
} from "./protocol/messages.ts";

/** The rest of an answer is its frame. */
const ROOM = MAX_REPLY_BYTES - 1_024;
/** The largest of what is told of one client: five classes of engines and as many regions of memory are half of it. */
const MAX_FIGURES = 1_024;
/** Engine time, of i915 in nanoseconds and of xe in cycles with the clock they are to be compared with, and memory in place. */
const TOLD = /^drm-(engine|cycles|total-cycles|resident)-/;

export function renderClients(files: AllowedFiles, gpu: string): Result {
  if (!exists(files, gpu)) return { kind: "absent" };
  const stranger = whyNotOurs(files, gpu);
  if (stranger !== undefined) return { kind: "refused", why: stranger };
  const nodes = new Set(drmNodes(files, gpu));
  const found = nodes.size === 0 ? [] : processesAt(files, gpu, nodes);
  const processes: RenderProcess[] = [];
  let room = ROOM;
  for (const process of found) {
    room -= JSON.stringify(process).length + 1;
    // Half a process would look like one that uses less.
    if (room < 0 || processes.length === MAX_RENDER_PROCESSES) break;
    processes.push(process);
  }
  return { kind: "render-clients", processes, left: found.length - processes.length };
}

function processesAt(files: AllowedFiles, gpu: string, nodes: ReadonlySet<string>): readonly RenderProcess[] {
  const names = orEmpty(() => readdirSync(files.at("pidFiles", {})));
  return names
    .filter((pidFile) => KERNEL_FORMS.pidFile.test(pidFile))
    .sort()
    .map((pidFile) => qemuOf(files, pidFile))
    .filter((qemu) => qemu !== undefined)
    .map((qemu) => processOf(files, gpu, nodes, qemu))
    .filter((process) => process !== undefined);
}

interface Qemu {
  readonly pid: string;
  readonly domain: string;
}

/**
 * Undefined of libvirt's helpers, which are no guests, and of a number that another process has since the QEMU ended: whatever that
 * calls itself, it is not the guest that the file is named after.
 */
function qemuOf(files: AllowedFiles, pidFile: string): Qemu | undefined {
  const pid = orUndefined(() => readFrom(files.resolved("pidFile", { pidFile }))) ?? "";
  if (!KERNEL_FORMS.pid.test(pid)) return undefined;
  const words = commandLineOf(files, pid);
  const domain = optionOf(words, "-uuid") ?? "";
  return FORMS.uuid.test(domain) && `${guestNameOf(words) ?? ""}.pid` === pidFile
    ? { pid, domain }
    : undefined;
}

/** Undefined of a QEMU that has not opened the GPU. */
function processOf(
  files: AllowedFiles,
  gpu: string,
  nodes: ReadonlySet<string>,
  { pid, domain }: Qemu,
): RenderProcess | undefined {
  const clients = new Map<number, RenderClient>();
  for (const fd of descriptorsOf(files, pid, nodes)) {
    const info = orUndefined(() => readFrom(files.resolved("descriptorInfo", { pid, fd })));
    const client = info === undefined ? undefined : clientIn(info, gpu);
    if (client && clients.size < MAX_RENDER_CLIENTS) clients.set(client.id, client);
  }
  return clients.size === 0 ? undefined : { pid: Number(pid), domain, clients: [...clients.values()] };
}

/** Undefined where the driver tells nothing, as i915's before Linux 5.19, and of another GPU's. */
function clientIn(info: string, gpu: string): RenderClient | undefined {
  const lines = info.split("\n");
  const valueOf = (key: string): string | undefined =>
    lines
      .find((line) => line.startsWith(`${key}:`))
      ?.slice(key.length + 1)
      .trim();
  const id = valueOf("drm-client-id") ?? "";
  if (valueOf("drm-pdev") !== gpu || !/^\d{1,15}$/.test(id)) return undefined;
  const figures = lines.filter((line) => TOLD.test(line)).join("\n");
  return figures.length > MAX_FIGURES ? undefined : { id: Number(id), figures };
}
