// A vGPU on the command line: its id, or `claim:ID`.
import type { VgpuRef } from "../../../proto/gen/vgpud/v1/vgpu_service.ts";
import type { Operand } from "../command.ts";

const CLAIM_PREFIX = "claim:";

export const vgpuOperand: Operand = {
  name: "VGPU",
  required: true,
  help: "the vGPU: its UUID, or claim:ID",
  field: "vgpu",
  offer: { kind: "live", what: "vgpus" },
};

export function vgpuRef(text: string): VgpuRef {
  return text.startsWith(CLAIM_PREFIX)
    ? { ref: { $case: "claimId", value: text.slice(CLAIM_PREFIX.length) } }
    : { ref: { $case: "vgpuId", value: text } };
}
