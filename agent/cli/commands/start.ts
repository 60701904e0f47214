// `vgpuctl start`
import { changeAnswer } from "../change.ts";
import type { ChangeCommand } from "../command.ts";
import { domainRef, refOperand } from "../request/domain-ref.ts";

export const startCommand: ChangeCommand = {
  kind: "change",
  name: "start",
  summary: "start a domain that is stopped",
  operands: [refOperand],
  flags: [],
  forms: { name: "the domain's name" },
  examples: ["vgpuctl start web-1"],
  extraMs: () => 0,
  ref: (args) => args.operand(),
  run: async (args, vgpud) =>
    changeAnswer(await vgpud.startDomain({ domain: domainRef(args.operand()), requestId: "" })),
};
