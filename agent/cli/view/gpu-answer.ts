// A GPU as what a change left of it.
import type { Gpu } from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { Answer } from "../command.ts";
import { gpuDetail } from "./gpu-view.ts";
import { messageJson } from "./json.ts";
import { warningLines } from "./warnings.ts";

export function gpuAnswer(response: {
  readonly gpu: Gpu | undefined;
  readonly warnings?: readonly string[];
}): Answer {
  const { gpu, warnings } = response;
  return {
    json: messageJson(response),
    text: gpu ? gpuDetail(gpu) : [],
    names: gpu ? [gpu.pciAddress] : [],
    messages: warningLines(warnings),
  };
}
