// `vgpuctl delete-vgpu`
import { ClaimState } from "../../../proto/gen/vgpud/v1/claim.ts";
import type { Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import { heldError } from "../change.ts";
import type { Answer, ChangeCommand } from "../command.ts";
import { vgpuOperand, vgpuRef } from "../request/vgpu-ref.ts";
import { messageJson } from "../view/json.ts";
import { vgpuDetail } from "../view/vgpu-view.ts";

export const deleteVgpuCommand: ChangeCommand = {
  kind: "change",
  name: "delete-vgpu",
  summary:
    "remove a vGPU that create-vgpu made and end its claim; one that a guest holds goes when that lets go",
  operands: [vgpuOperand],
  flags: [{ name: "allow-missing", help: "a vGPU that does not exist is no error", field: "allow_missing" }],
  forms: { name: "the vGPU's UUID" },
  examples: ["vgpuctl delete-vgpu claim:job-17 --allow-missing"],
  extraMs: () => 0,
  run: async (args, vgpud) => {
    const vgpu = vgpuRef(args.operand());
    const allowMissing = args.has("allow-missing");
    return answerOf(await vgpud.deleteVgpu({ vgpu, requestId: "", allowMissing }));
  },
};

function answerOf(response: { readonly vgpu: Vgpu | undefined; readonly operation: string }): Answer {
  const { vgpu, operation } = response;
  const json = messageJson(response);
  if (vgpu === undefined)
    return { json, text: [{ kind: "lines", lines: ["there is no such vGPU: nothing to do"] }] };
  const answer: Answer = { json, text: vgpuDetail(vgpu), names: [vgpu.vgpuId] };
  if (vgpu.claimState !== ClaimState.DELETING) return answer;
  return { ...answer, error: heldError({ ...vgpu, what: `vGPU ${vgpu.vgpuId}` }, operation) };
}
