// `vgpuctl destroy`
import { changeAnswer, graceMs, stopFields, stopFlags } from "../change.ts";
import type { ChangeCommand } from "../command.ts";
import { domainRef, refOperand } from "../domain-ref.ts";

export const destroyCommand: ChangeCommand = {
  kind: "change",
  name: "destroy",
  summary: "stop a domain, remove its vGPU and definition, end its claim; disks stay",
  operands: [refOperand],
  flags: [
    ...stopFlags,
    { name: "allow-missing", help: "a domain that does not exist is no error", field: "allow_missing" },
  ],
  examples: ["vgpuctl destroy web-1", "vgpuctl destroy claim:job-17 --now --allow-missing"],
  extraMs: graceMs,
  ref: (args) => args.operand(),
  run: async (args, vgpud) =>
    changeAnswer(
      await vgpud.destroyDomain({
        domain: domainRef(args.operand()),
        requestId: "",
        ...stopFields(args),
        allowMissing: args.has("allow-missing"),
      }),
    ),
};
