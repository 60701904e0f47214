// Operations on mdevs.
import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import path from "node:path";
import { allowedPath, resolvedPath } from "./allowlist.ts";
import { holdersOf, vfioNodes } from "./holders.ts";
import { isHeld, linkName, orEmpty, writeTo } from "./kernel-files.ts";
import { FORMS } from "./protocol/forms.ts";
import type { CreateMdev, Holder, RemoveMdev, Result } from "./protocol/messages.ts";

export function createMdev(root: string, { gpu, type, vgpuId }: CreateMdev): Result {
  writeTo(resolvedPath(root, "create", { gpu, type }), vgpuId);
  return { kind: "done" };
}

export function removeMdev(root: string, { vgpuId }: RemoveMdev): Result {
  if (!exists(root, vgpuId)) {
    // Somebody else's removal may be waiting in the kernel: then the holder still has it.
    if (leavingFrom(root, vgpuId) === undefined) return { kind: "absent" };
    return { kind: "held", holders: findHolders(root, vgpuId) };
  }
  const type = path.basename(readlinkSync(allowedPath(root, "type", { vgpuId })));
  if (!FORMS.type.test(type))
    return { kind: "refused", why: `${vgpuId} is of type ${type}, not a GVT-g vGPU` };
  // Without a group no VFIO driver is bound, so that nobody can hold the vGPU.
  const group = linkName(root, "removeGroup", { vgpuId });
  if (group !== undefined && isHeld(root, "idleTest", group))
    return { kind: "held", holders: findHolders(root, vgpuId) };
  writeTo(resolvedPath(root, "remove", { vgpuId }), "1");
  return { kind: "done" };
}

/** Processes with the VFIO group or device node of the vGPU open. */
export function mdevHolders(root: string, vgpuId: string): Result {
  if (!exists(root, vgpuId) && leavingFrom(root, vgpuId) === undefined) return { kind: "absent" };
  return { kind: "holders", holders: findHolders(root, vgpuId) };
}

function findHolders(root: string, vgpuId: string): readonly Holder[] {
  const group = linkName(root, "group", { vgpuId }) ?? leavingGroup(root, vgpuId);
  const devices = orEmpty(() => readdirSync(allowedPath(root, "devices", { vgpuId })));
  return holdersOf(root, new Set(vfioNodes(group, devices)));
}

function leavingGroup(root: string, vgpuId: string): string | undefined {
  const gpu = leavingFrom(root, vgpuId);
  return gpu === undefined ? undefined : linkName(root, "leavingGroup", { gpu, vgpuId });
}

/**
 * The GPU of a vGPU whose removal waits for its holder. The bus forgets a device before its driver lets go of it (kernel
 * drivers/base/bus.c, bus_remove_device), and only the parent still shows it. Undefined when no GPU has it.
 */
function leavingFrom(root: string, vgpuId: string): string | undefined {
  const gpus = orEmpty(() => readdirSync(allowedPath(root, "gpus", {})));
  return gpus
    .filter((gpu) => FORMS.gpu.test(gpu))
    .find((gpu) => lstatSync(allowedPath(root, "leaving", { gpu, vgpuId }), { throwIfNoEntry: false }));
}

function exists(root: string, vgpuId: string): boolean {
  const device = path.dirname(allowedPath(root, "remove", { vgpuId }));
  return lstatSync(device, { throwIfNoEntry: false }) !== undefined;
}
