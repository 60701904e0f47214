// One operation on the kernel's files, start to end, synchronously: it runs in a process of its own that may block for ever.
import { closeSync, constants, lstatSync, openSync, readlinkSync, writeSync } from "node:fs";
import path from "node:path";
import { allowedPath, KERNEL_FORMS, resolvedPath } from "./allowlist.ts";
import { findHolders, groupOf, leavingFrom } from "./holders.ts";
import { FORMS } from "./protocol/forms.ts";
import type { CreateMdev, Operation, RemoveMdev, Result } from "./protocol/messages.ts";

/** Never throws for what the kernel or the tree answers; may not return while the kernel holds the write. */
export function performOperation(root: string, operation: Operation): Result {
  try {
    switch (operation.kind) {
      case "create-mdev":
        return createMdev(root, operation);
      case "remove-mdev":
        return exists(root, operation.vgpuId) ? removeMdev(root, operation) : removedMdev(root, operation);
      case "holders": {
        const { vgpuId } = operation;
        if (!exists(root, vgpuId) && leavingFrom(root, vgpuId) === undefined) return { kind: "absent" };
        return { kind: "holders", holders: findHolders(root, vgpuId) };
      }
    }
  } catch (error) {
    return describeFailure(error);
  }
}

function createMdev(root: string, { gpu, type, vgpuId }: CreateMdev): Result {
  writeTo(resolvedPath(root, "create", { gpu, type }), vgpuId);
  return { kind: "done" };
}

function removeMdev(root: string, { vgpuId }: RemoveMdev): Result {
  const type = path.basename(readlinkSync(allowedPath(root, "type", { vgpuId })));
  if (!FORMS.type.test(type))
    return { kind: "refused", why: `${vgpuId} is of type ${type}, not a GVT-g vGPU` };
  const group = groupOf(root, "removeGroup", vgpuId);
  if (group !== undefined && isHeld(root, group)) return { kind: "held", holders: findHolders(root, vgpuId) };
  writeTo(resolvedPath(root, "remove", { vgpuId }), "1");
  return { kind: "done" };
}

/** Somebody else's removal may be waiting in the kernel: then the holder still has it. */
function removedMdev(root: string, { vgpuId }: RemoveMdev): Result {
  if (leavingFrom(root, vgpuId) === undefined) return { kind: "absent" };
  return { kind: "held", holders: findHolders(root, vgpuId) };
}

/**
 * A VFIO group can be opened once: EBUSY says that a guest has it (kernel drivers/vfio/group.c). Any other failure is
 * thrown, for an mdev not proved idle must not be removed: old kernels leak it, new ones block.
 */
function isHeld(root: string, group: string): boolean {
  if (!KERNEL_FORMS.group.test(group)) throw new RangeError(`the iommu group ${group} is not a number`);
  try {
    openAndClose(resolvedPath(root, "idleTest", { group }));
    return false;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EBUSY") return true;
    throw error;
  }
}

function openAndClose(file: string): void {
  closeSync(
    openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY),
  );
}

function writeTo(file: string, text: string): void {
  const fd = openSync(file, constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    writeSync(fd, text);
  } catch (error) {
    // write(2) knows no path; the answer to the operator must.
    if (error instanceof Error) Object.assign(error, { path: file });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function exists(root: string, vgpuId: string): boolean {
  const device = path.dirname(allowedPath(root, "remove", { vgpuId }));
  return lstatSync(device, { throwIfNoEntry: false }) !== undefined;
}

function describeFailure(error: unknown): Result {
  if (error instanceof RangeError) return { kind: "refused", why: error.message };
  if (isErrno(error)) {
    return { kind: "errno", errno: error.code, call: error.syscall ?? "unknown", path: error.path ?? "" };
  }
  return { kind: "failed", why: error instanceof Error ? error.message : "unknown failure" };
}

function isErrno(error: unknown): error is Error & { code: string; syscall?: string; path?: string } {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}
