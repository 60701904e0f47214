// `vgpuctl create`
import { changeAnswer } from "../change.ts";
import type { Arguments } from "../arguments.ts";
import type { Answer, ChangeCommand } from "../command.ts";
import { createRequest } from "../create-request.ts";
import { createFlags } from "../create-flags.ts";
import { decisionText, warningLines } from "../decision-view.ts";
import { claimRef } from "../domain-ref.ts";
import { messageJson } from "../json.ts";
import type { Vgpud } from "../vgpud.ts";

export const createCommand: ChangeCommand = {
  kind: "change",
  name: "create",
  summary: "make a vGPU and a domain that holds it, and start the domain",
  operands: [{ name: "NAME", required: true, help: "the domain's name", field: "domain.name" }],
  flags: createFlags,
  examples: [
    "vgpuctl create web-1 --type i915-GVTg_V5_4 --vcpus 2 --memory 2048 --disk /srv/vm/web-1.qcow2 --disk-format qcow2",
    "vgpuctl create job-17 --sizes 128,512,4 --vcpus 1 --memory 1024 --kernel /srv/vm/vmlinuz --claim-id slurm:a:17",
    "vgpuctl create web-2 --mode gvt-g --vcpus 2 --memory 2048 --kernel /srv/vm/vmlinuz --dry-run",
  ],
  extraMs: () => 0,
  ref: (args) => claimRef(args.text("claim-id") ?? ""),
  run: create,
};

async function create(args: Arguments, vgpud: Vgpud): Promise<Answer> {
  const request = createRequest(args);
  const response = await vgpud.createDomain(request);
  const { domain, decision } = response;
  const done = domain === undefined ? undefined : changeAnswer({ ...response, domain });
  const decided = decision === undefined ? [] : decisionText(decision);
  const dry = { kind: "lines", lines: ["dry run: nothing was made; it would go here"] } as const;
  return {
    // A dry run issues no claim, so that its id would name nothing.
    json: { ...(request.validateOnly ? {} : { claim_id: request.claimId }), ...messageJson(response) },
    text: [...(request.validateOnly ? [dry] : []), ...decided, ...(done?.text ?? [])],
    messages: warningLines(decision),
    ...(done?.error === undefined ? {} : { error: done.error }),
  };
}
