// `vgpuctl create-vgpu`
import type { ChangeCommand } from "../command.ts";
import { claimIdFlag, dryRunFlag, reservationFlag, vgpuFlags } from "../request/create-flags.ts";
import { pair, vgpuOf } from "../request/vgpu-want.ts";
import { decisionText } from "../view/decision-view.ts";
import { warningLines } from "../view/warnings.ts";
import { messageJson } from "../view/json.ts";
import { vgpuDetail } from "../view/vgpu-view.ts";

export const createVgpuCommand: ChangeCommand = {
  kind: "change",
  name: "create-vgpu",
  summary: "make a vGPU for a domain that is managed elsewhere",
  operands: [],
  flags: [
    ...vgpuFlags,
    reservationFlag,
    {
      name: "domain-uuid",
      value: "UUID",
      help: "the domain that will have it, to be shown; nothing is done to it. Required for a slice of XenGT, which is made for a domain that is there",
      field: "domain_uuid",
    },
    { name: "label", value: "KEY=VALUE", many: true, help: "your own word about it", field: "labels" },
    claimIdFlag,
    dryRunFlag,
  ],
  forms: { name: "the vGPU's UUID" },
  examples: [
    "vgpuctl create-vgpu --type i915-GVTg_V5_4 --claim-id 4c9c1f1e-5d0b-4b5e-9f0a-6d1f2a3b4c5d",
    "vgpuctl create-vgpu --reservation job-17 --claim-id job-17 -o name",
    "vgpuctl create-vgpu --type i915-GVTg_V5_4 --domain-uuid 5f0c3c52-6d1c-4b57-8b52-9d1d2d0a7c11",
  ],
  extraMs: () => 0,
  run: async (args, vgpud) => {
    const validateOnly = args.has("dry-run");
    const response = await vgpud.createVgpu({
      ...{ claimId: args.text("claim-id") ?? "", requestId: "", validateOnly },
      ...{ vgpu: vgpuOf(args), reservation: args.text("reservation") ?? "" },
      domainUuid: args.text("domain-uuid") ?? "",
      labels: Object.fromEntries(args.texts("label").map((text) => pair("label", text, "KEY=VALUE"))),
    });
    const { vgpu, decision } = response;
    const dry = { kind: "lines", lines: ["dry run: nothing was made; it would go here"] } as const;
    return {
      json: messageJson(response),
      text: [
        ...(validateOnly ? [dry] : []),
        ...(decision ? decisionText(decision) : []),
        ...(vgpu ? vgpuDetail(vgpu) : []),
      ],
      names: vgpu ? [vgpu.vgpuId] : [],
      messages: warningLines(decision?.warnings),
    };
  },
};
