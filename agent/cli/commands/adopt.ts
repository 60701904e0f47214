// `vgpuctl adopt` and `vgpuctl release-vgpu`
import type { ChangeCommand } from "../command.ts";
import { claimIdFlag } from "../request/create-flags.ts";
import { isDryRun } from "../request/create-request.ts";
import { vgpuOperand, vgpuRef } from "../request/vgpu-ref.ts";
import { domainDetail } from "../view/domain-view.ts";
import { messageJson } from "../view/json.ts";
import { vgpuDetail } from "../view/vgpu-view.ts";

export const adoptCommand: ChangeCommand = {
  kind: "change",
  name: "adopt",
  summary:
    "take a vGPU that others made over, with its domain if asked; nothing but the domain's mark is changed",
  operands: [
    {
      name: "VGPU_ID",
      required: true,
      help: "the vGPU's UUID",
      field: "vgpu_id",
      offer: { kind: "live", what: "vgpus" },
    },
  ],
  flags: [
    {
      name: "with-domain",
      help: "its domain, too: stop, start and destroy manage it from then on",
      field: "with_domain",
    },
    claimIdFlag,
    { name: "dry-run", help: "check, and do nothing", field: "validate_only" },
  ],
  forms: { name: "the vGPU's id" },
  examples: [
    "vgpuctl adopt f00df00d-0000-4000-8000-000000000001 --with-domain --claim-id desk-7",
    "vgpuctl adopt f00df00d-0000-4000-8000-000000000001 --dry-run",
  ],
  extraMs: () => 0,
  run: async (args, vgpud) => {
    const vgpuId = args.operand();
    const response = await vgpud.adoptVgpu({
      vgpuId,
      claimId: args.text("claim-id") ?? "",
      requestId: "",
      validateOnly: isDryRun(args),
      withDomain: args.has("with-domain"),
    });
    const { vgpu, domain } = response;
    const json = messageJson(response);
    if (!vgpu) return { json, text: [{ kind: "lines", lines: ["it could be adopted; nothing was done"] }] };
    return { json, text: [...vgpuDetail(vgpu), ...(domain ? domainDetail(domain) : [])], names: [vgpuId] };
  },
};

export const releaseVgpuCommand: ChangeCommand = {
  kind: "change",
  name: "release-vgpu",
  summary: "give an own vGPU up: it stays as it is with its domain, without mark and claim",
  operands: [vgpuOperand],
  flags: [{ name: "yes", short: "y", help: "do not ask first; without a terminal nobody is asked" }],
  forms: { name: "the vGPU's id" },
  examples: [
    "vgpuctl release-vgpu claim:desk-7",
    "vgpuctl release-vgpu 76677075-1111-8222-8333-444455556666 --yes",
  ],
  extraMs: () => 0,
  question: (args) =>
    Promise.resolve(`give up vGPU ${args.operand()}? vgpud then neither protects nor restores it`),
  run: async (args, vgpud) => {
    const response = await vgpud.releaseVgpu({ vgpu: vgpuRef(args.operand()), requestId: "" });
    const { vgpu } = response;
    return {
      json: messageJson(response),
      text: vgpu ? vgpuDetail(vgpu) : [],
      names: vgpu ? [vgpu.vgpuId] : [],
    };
  },
};
