// Finds who has nodes of VFIO or DRM open, or is a device model, for a message a human can act on. Reads only below /proc.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { AllowedFiles } from "./allowed-files.ts";
import { KERNEL_FORMS } from "./kernel-forms.ts";
import { commandLineOf, guestNameOf, optionOf } from "./command-lines.ts";
import { orEmpty, orUndefined } from "./kernel-files.ts";
import { printable } from "./printable.ts";
import { MAX_HOLDERS, type Holder } from "./protocol/messages.ts";

const MAX_NAME_LENGTH = 128;

/** Processes with one of the nodes open, at most `MAX_HOLDERS`. Empty when none was found. */
export function holdersOf(files: AllowedFiles, nodes: ReadonlySet<string>): readonly Holder[] {
  return processesThat(files, (pid) => {
    const [held] = descriptorsOf(files, pid, nodes);
    return held !== undefined;
  });
}

/** QEMUs on the host that were started for the guest of Xen with this number. */
export function deviceModelsOf(files: AllowedFiles, domid: number): readonly Holder[] {
  return processesThat(files, (pid) => optionOf(commandLineOf(files, pid), "-xen-domid") === String(domid));
}

function processesThat(files: AllowedFiles, hold: (pid: string) => boolean): readonly Holder[] {
  const holders: Holder[] = [];
  for (const pid of orEmpty(() => readdirSync(files.at("processes", {})))) {
    if (holders.length === MAX_HOLDERS) break;
    if (KERNEL_FORMS.pid.test(pid) && hold(pid)) holders.push(describe(files, pid));
  }
  return holders;
}

/** The names that /proc has for a VFIO group and for device nodes. */
export function vfioNodes(group: string | undefined, devices: readonly string[]): readonly string[] {
  return [
    ...(group === undefined ? [] : [`/dev/vfio/${group}`]),
    ...devices.map((device) => `/dev/vfio/devices/${device}`),
  ];
}

/** Those of the process's that one of the nodes was opened for; found one by one. */
export function* descriptorsOf(
  files: AllowedFiles,
  pid: string,
  nodes: ReadonlySet<string>,
): Generator<string, void> {
  for (const fd of orEmpty(() => readdirSync(files.at("descriptors", { pid })))) {
    const target = orUndefined(() => readlinkSync(files.at("descriptor", { pid, fd })));
    if (target !== undefined && nodes.has(target)) yield fd;
  }
}

function describe(files: AllowedFiles, pid: string): Holder {
  const command = orUndefined(() => readFileSync(files.at("command", { pid }), "utf8")) ?? "";
  const holder = { pid: Number(pid), command: printable(command.trimEnd(), MAX_NAME_LENGTH) };
  const domain = guestNameOf(commandLineOf(files, pid));
  return domain === undefined ? holder : { ...holder, domain: printable(domain, MAX_NAME_LENGTH) };
}
