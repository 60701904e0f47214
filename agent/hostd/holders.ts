// Finds who has a vGPU open, for a message a human can act on. Reads only below /sys and /proc.
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import path from "node:path";
import { allowedPath, KERNEL_FORMS } from "./allowlist.ts";
import { FORMS } from "./protocol/forms.ts";
import { MAX_HOLDERS, type Holder } from "./protocol/messages.ts";

const MAX_NAME_LENGTH = 128;

/** Processes with the VFIO group or device node of the vGPU open, at most `MAX_HOLDERS`. Empty when none was found. */
export function findHolders(root: string, vgpuId: string): readonly Holder[] {
  const nodes = deviceNodes(root, vgpuId);
  const holders: Holder[] = [];
  for (const pid of orEmpty(() => readdirSync(allowedPath(root, "processes", {})))) {
    if (holders.length === MAX_HOLDERS) break;
    if (KERNEL_FORMS.pid.test(pid) && hasOpen(root, pid, nodes)) holders.push(describe(root, pid));
  }
  return holders;
}

/** The group's number as the kernel links it; undefined when no VFIO driver is bound, so that nobody can hold the vGPU. */
export function groupOf(root: string, name: "group" | "removeGroup", vgpuId: string): string | undefined {
  const link = orUndefined(() => readlinkSync(allowedPath(root, name, { vgpuId })));
  return link === undefined ? undefined : path.basename(link);
}

/**
 * The GPU of a vGPU whose removal waits for its holder. The bus forgets a device before its driver lets go of it (kernel
 * drivers/base/bus.c, bus_remove_device), and only the parent still shows it. Undefined when no GPU has it.
 */
export function leavingFrom(root: string, vgpuId: string): string | undefined {
  const gpus = orEmpty(() => readdirSync(allowedPath(root, "gpus", {})));
  return gpus
    .filter((gpu) => FORMS.gpu.test(gpu))
    .find((gpu) => lstatSync(allowedPath(root, "leaving", { gpu, vgpuId }), { throwIfNoEntry: false }));
}

function deviceNodes(root: string, vgpuId: string): ReadonlySet<string> {
  const group = groupOf(root, "group", vgpuId) ?? leavingGroup(root, vgpuId);
  const devices = orEmpty(() => readdirSync(allowedPath(root, "devices", { vgpuId })));
  const nodes = devices.map((device) => `/dev/vfio/devices/${device}`);
  if (group !== undefined) nodes.push(`/dev/vfio/${group}`);
  return new Set(nodes);
}

function leavingGroup(root: string, vgpuId: string): string | undefined {
  const gpu = leavingFrom(root, vgpuId);
  if (gpu === undefined) return undefined;
  const link = orUndefined(() => readlinkSync(allowedPath(root, "leavingGroup", { gpu, vgpuId })));
  return link === undefined ? undefined : path.basename(link);
}

function hasOpen(root: string, pid: string, nodes: ReadonlySet<string>): boolean {
  const descriptors = orEmpty(() => readdirSync(allowedPath(root, "descriptors", { pid })));
  return descriptors.some((fd) => {
    const target = orUndefined(() => readlinkSync(allowedPath(root, "descriptor", { pid, fd })));
    return target !== undefined && nodes.has(target);
  });
}

function describe(root: string, pid: string): Holder {
  const read = (name: "command" | "commandLine"): string =>
    orUndefined(() => readFileSync(allowedPath(root, name, { pid }), "utf8")) ?? "";
  const holder = { pid: Number(pid), command: printable(read("command").trimEnd()) };
  const domain = domainOf(read("commandLine").split("\0"));
  return domain === undefined ? holder : { ...holder, domain };
}

/** libvirt starts QEMU with `-name guest=NAME,debug-threads=on`; a comma of the name is doubled (QEMU's QemuOpts). */
function domainOf(commandLine: readonly string[]): string | undefined {
  const options = commandLine[commandLine.indexOf("-name") + 1] ?? "";
  const name = /^guest=((?:[^,]|,,)+)/.exec(options)?.[1];
  return name === undefined ? undefined : printable(name.replaceAll(",,", ","));
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\u00a0-\uffff]/g, "?").slice(0, MAX_NAME_LENGTH);
}

/** Processes end while they are looked at: what cannot be read is not there. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function orEmpty(read: () => readonly string[]): readonly string[] {
  return orUndefined(read) ?? [];
}
