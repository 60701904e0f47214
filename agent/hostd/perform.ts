// One operation on the kernel's files, start to end, synchronously: it runs in a process of its own that may block for ever.
import { AllowedFiles } from "./allowed-files.ts";
import { setFunctionProfile } from "./function-profile.ts";
import { bindDriver, functionHolders, setVirtualFunctions } from "./functions.ts";
import { deviceModelLog } from "./device-model-log.ts";
import { createMdev, mdevHolders, removeMdev } from "./mdevs.ts";
import { makeVgtInstance, removeVgtInstance, vgtResources, vgtUtilization } from "./vgt-instances.ts";
import { renderClients } from "./render-clients.ts";
import { xenDomains } from "./xen-domains.ts";
import type { Operation, Result } from "./protocol/messages.ts";
import { XenstoreSilence } from "./xenstore.ts";

/** Never throws for what the kernel or the tree answers; may not return while the kernel holds the write. */
export function performOperation(root: string, operation: Operation): Result {
  const files = new AllowedFiles(root, operation.kind);
  try {
    switch (operation.kind) {
      case "create-mdev":
        return createMdev(files, operation);
      case "remove-mdev":
        return removeMdev(files, operation);
      case "holders":
        return mdevHolders(files, operation.vgpuId);
      case "bind-driver":
        return bindDriver(files, operation);
      case "set-virtual-functions":
        return setVirtualFunctions(files, operation);
      case "set-function-profile":
        return setFunctionProfile(files, operation);
      case "function-holders":
        return functionHolders(files, operation.device);
      case "xen-domains":
        return xenDomains(files);
      case "make-vgt-instance":
        return makeVgtInstance(files, operation);
      case "remove-vgt-instance":
        return removeVgtInstance(files, operation);
      case "vgt-resources":
        return vgtResources(files);
      case "vgt-utilization":
        return vgtUtilization(files);
      case "device-model-log":
        return deviceModelLog(files, operation);
      case "render-clients":
        return renderClients(files, operation.gpu);
      case "engine-ticks":
        // hostd's own, which has the processes that count (engine-counts.ts): a child's would end with the operation.
        return { kind: "refused", why: "no child counts ticks of engines" };
    }
  } catch (error) {
    return describeFailure(error);
  }
}

export function describeFailure(error: unknown): Result {
  if (error instanceof RangeError) return { kind: "refused", why: error.message };
  if (error instanceof XenstoreSilence)
    return { kind: "xenstore-silent", asked: error.asked, waitedMs: error.waitedMs };
  if (isErrno(error)) {
    return { kind: "errno", errno: error.code, call: error.syscall ?? "unknown", path: error.path ?? "" };
  }
  return { kind: "failed", why: error instanceof Error ? error.message : "unknown failure" };
}

function isErrno(error: unknown): error is Error & { code: string; syscall?: string; path?: string } {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}
