// The one way to say that a GPU is not there.
import { AgentError } from "../core/errors.ts";
import type { PciAddress } from "../core/ids.ts";

export function gpuNotFound(gpu: PciAddress): AgentError {
  return new AgentError("GPU_NOT_FOUND", `this host has no Intel GPU ${gpu}`, { details: { gpu } });
}
