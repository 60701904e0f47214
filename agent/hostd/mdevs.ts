// Operations on mdevs.
import { lstatSync, readdirSync, readlinkSync } from "node:fs";
import path from "node:path";
import type { AllowedFiles } from "./allowed-files.ts";
import { holdersOf, vfioNodes } from "./holders.ts";
import { isHeld, linkName, orEmpty, writeTo } from "./kernel-files.ts";
import { FORMS } from "./protocol/forms.ts";
import type { CreateMdev, Holder, RemoveMdev, Result } from "./protocol/messages.ts";

export function createMdev(files: AllowedFiles, { gpu, type, vgpuId }: CreateMdev): Result {
  writeTo(files.resolved("create", { gpu, type }), vgpuId);
  return { kind: "done" };
}

export function removeMdev(files: AllowedFiles, { vgpuId }: RemoveMdev): Result {
  if (!exists(files, vgpuId)) {
    // Somebody else's removal may be waiting in the kernel: then the holder still has it.
    if (leavingFrom(files, vgpuId) === undefined) return { kind: "absent" };
    return { kind: "held", holders: findHolders(files, vgpuId) };
  }
  const type = path.basename(readlinkSync(files.at("type", { vgpuId })));
  if (!FORMS.type.test(type))
    return { kind: "refused", why: `${vgpuId} is of type ${type}, not a GVT-g vGPU` };
  // Without a group no VFIO driver is bound, so that nobody can hold the vGPU.
  const group = linkName(files, "group", { vgpuId });
  if (group !== undefined && isHeld(files, "idleTest", group))
    return { kind: "held", holders: findHolders(files, vgpuId) };
  writeTo(files.resolved("remove", { vgpuId }), "1");
  return { kind: "done" };
}

/** Processes with the VFIO group or device node of the vGPU open. */
export function mdevHolders(files: AllowedFiles, vgpuId: string): Result {
  if (!exists(files, vgpuId) && leavingFrom(files, vgpuId) === undefined) return { kind: "absent" };
  return { kind: "holders", holders: findHolders(files, vgpuId) };
}

function findHolders(files: AllowedFiles, vgpuId: string): readonly Holder[] {
  const group = linkName(files, "group", { vgpuId }) ?? leavingGroup(files, vgpuId);
  const devices = orEmpty(() => readdirSync(files.at("devices", { vgpuId })));
  return holdersOf(files, new Set(vfioNodes(group, devices)));
}

function leavingGroup(files: AllowedFiles, vgpuId: string): string | undefined {
  const gpu = leavingFrom(files, vgpuId);
  return gpu === undefined ? undefined : linkName(files, "leavingGroup", { gpu, vgpuId });
}

/**
 * The GPU of a vGPU whose removal waits for its holder. The bus forgets a device before its driver lets go of it (kernel
 * drivers/base/bus.c, bus_remove_device), and only the parent still shows it. Undefined when no GPU has it.
 */
function leavingFrom(files: AllowedFiles, vgpuId: string): string | undefined {
  const gpus = orEmpty(() => readdirSync(files.at("gpus", {})));
  return gpus
    .filter((gpu) => FORMS.gpu.test(gpu))
    .find((gpu) => lstatSync(files.at("leaving", { gpu, vgpuId }), { throwIfNoEntry: false }));
}

function exists(files: AllowedFiles, vgpuId: string): boolean {
  return lstatSync(files.at("mdev", { vgpuId }), { throwIfNoEntry: false }) !== undefined;
}
