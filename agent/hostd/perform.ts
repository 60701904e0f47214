// One operation on the kernel's files, start to end, synchronously: it runs in a process of its own that may block for ever.
import { bindDriver, functionHolders, setVirtualFunctions } from "./functions.ts";
import { createMdev, mdevHolders, removeMdev } from "./mdevs.ts";
import type { Operation, Result } from "./protocol/messages.ts";

/** Never throws for what the kernel or the tree answers; may not return while the kernel holds the write. */
export function performOperation(root: string, operation: Operation): Result {
  try {
    switch (operation.kind) {
      case "create-mdev":
        return createMdev(root, operation);
      case "remove-mdev":
        return removeMdev(root, operation);
      case "holders":
        return mdevHolders(root, operation.vgpuId);
      case "bind-driver":
        return bindDriver(root, operation);
      case "set-virtual-functions":
        return setVirtualFunctions(root, operation);
      case "function-holders":
        return functionHolders(root, operation.device);
    }
  } catch (error) {
    return describeFailure(error);
  }
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
