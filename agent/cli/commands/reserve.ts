// `vgpuctl reserve`
import type { ChangeCommand } from "../command.ts";
import { claimIdFlag, dryRunFlag, vgpuFlags } from "../request/create-flags.ts";
import { vgpuOf } from "../request/vgpu-want.ts";
import { reservationAnswer, ttlFlag, ttlOf } from "../reserved.ts";
import { decisionText } from "../view/decision-view.ts";
import { warningLines } from "../view/warnings.ts";
import { messageJson } from "../view/json.ts";

export const reserveCommand: ChangeCommand = {
  kind: "change",
  name: "reserve",
  summary: "hold room for a vGPU until it is bound, released or its time ends",
  operands: [],
  flags: [...vgpuFlags, ttlFlag, claimIdFlag, dryRunFlag],
  forms: { name: "the reservation's claim id" },
  examples: [
    "vgpuctl reserve --type i915-GVTg_V5_4 --ttl 5m --claim-id job-17",
    "vgpuctl create web-1 --reservation job-17 --vcpus 2 --memory 2048 --kernel /srv/vm/vmlinuz",
  ],
  extraMs: () => 0,
  run: async (args, vgpud) => {
    const claimId = args.text("claim-id") ?? "";
    const validateOnly = args.has("dry-run");
    const request = { claimId, requestId: "", validateOnly, vgpu: vgpuOf(args), ttl: ttlOf(args) };
    const response = await vgpud.createReservation(request);
    const { decision } = response;
    const made = reservationAnswer(response);
    const dry = { kind: "lines", lines: ["dry run: nothing is held; it would be here"] } as const;
    return {
      ...made,
      json: messageJson(response),
      text: [...(validateOnly ? [dry] : []), ...(decision ? decisionText(decision) : []), ...made.text],
      messages: warningLines(decision?.warnings),
    };
  },
};
