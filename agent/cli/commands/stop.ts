// `vgpuctl stop`
import { changeAnswer, graceMs, stopFields, stopFlags } from "../change.ts";
import type { ChangeCommand } from "../command.ts";
import { domainRef, refOperand } from "../request/domain-ref.ts";

export const stopCommand: ChangeCommand = {
  kind: "change",
  name: "stop",
  summary: "stop a domain; its claim stays",
  operands: [refOperand],
  flags: stopFlags,
  forms: { name: "the domain's name" },
  examples: ["vgpuctl stop web-1", "vgpuctl stop web-1 --grace 5m", "vgpuctl stop web-1 --now"],
  extraMs: graceMs,
  ref: (args) => args.operand(),
  run: async (args, vgpud) =>
    changeAnswer(
      await vgpud.stopDomain({ domain: domainRef(args.operand()), requestId: "", ...stopFields(args) }),
    ),
};
