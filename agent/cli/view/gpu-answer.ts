// A GPU as what a change left of it, or as it is where one was only checked.
import type { Gpu } from "../../../proto/gen/vgpud/v1/gpu.ts";
import type { Answer } from "../command.ts";
import { gpuDetail } from "./gpu-view.ts";
import { messageJson } from "./json.ts";
import { warningLines } from "./warnings.ts";

export function gpuAnswer(
  response: { readonly gpu: Gpu | undefined; readonly warnings?: readonly string[] },
  { validateOnly = false }: { readonly validateOnly?: boolean } = {},
): Answer {
  const { gpu, warnings } = response;
  const dry = { kind: "lines", lines: ["dry run: nothing was changed; the GPU as it is"] } as const;
  return {
    json: messageJson(response),
    text: [...(validateOnly ? [dry] : []), ...(gpu ? gpuDetail(gpu) : [])],
    names: gpu ? [gpu.pciAddress] : [],
    messages: warningLines(warnings),
  };
}
