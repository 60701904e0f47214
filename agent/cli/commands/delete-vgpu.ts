// `vgpuctl delete-vgpu`
import { ClaimState } from "../../../proto/gen/vgpud/v1/claim.ts";
import type { Vgpu } from "../../../proto/gen/vgpud/v1/vgpu.ts";
import { heldError } from "../change.ts";
import type { Answer, ChangeCommand } from "../command.ts";
import { messageJson } from "../view/json.ts";
import { vgpuDetail } from "../view/vgpu-view.ts";

const CLAIM_PREFIX = "claim:";

export const deleteVgpuCommand: ChangeCommand = {
  kind: "change",
  name: "delete-vgpu",
  summary: "remove a vGPU that create-vgpu made and end its claim; never while a guest holds it",
  operands: [
    {
      name: "VGPU",
      required: true,
      help: "the vGPU: its UUID, or claim:ID",
      field: "vgpu",
      offer: { kind: "live", what: "vgpus" },
    },
  ],
  flags: [{ name: "allow-missing", help: "a vGPU that does not exist is no error", field: "allow_missing" }],
  forms: { name: "the vGPU's UUID" },
  examples: ["vgpuctl delete-vgpu claim:job-17 --allow-missing"],
  extraMs: () => 0,
  run: async (args, vgpud) => {
    const text = args.operand();
    const ref = text.startsWith(CLAIM_PREFIX)
      ? ({ $case: "claimId", value: text.slice(CLAIM_PREFIX.length) } as const)
      : ({ $case: "vgpuId", value: text } as const);
    const allowMissing = args.has("allow-missing");
    return answerOf(await vgpud.deleteVgpu({ vgpu: { ref }, requestId: "", allowMissing }));
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
