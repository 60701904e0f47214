// `vgpuctl create`
import { createdAnswer } from "../change.ts";
import type { Arguments } from "../line/arguments.ts";
import { usageError } from "../errors/cli-error.ts";
import type { Answer, ChangeCommand } from "../command.ts";
import { createClaimId, createRequest, isDryRun } from "../request/create-request.ts";
import { createFlags } from "../request/create-flags.ts";
import { decisionText } from "../view/decision-view.ts";
import { warningLines } from "../view/warnings.ts";
import { claimRef } from "../request/domain-ref.ts";
import type { Environment } from "../environment.ts";
import { messageJson } from "../view/json.ts";
import { isFromStdin, readRequestFile } from "../request/request-file.ts";
import { withTypeThatFits } from "../errors/fitting-type.ts";
import type { CreateDomainRequest } from "../../../proto/gen/vgpud/v1/domain_service.ts";
import type { Vgpud } from "../client/vgpud.ts";

export const createCommand: ChangeCommand = {
  kind: "change",
  name: "create",
  summary: "make a vGPU and a domain that holds it, and start the domain",
  operands: [
    {
      name: "NAME",
      required: false,
      help: "the domain's name; required unless the file has it",
      field: "domain.name",
    },
  ],
  flags: createFlags,
  forms: { name: "the domain's name", request: "what was asked, for create -f (with --dry-run)" },
  examples: [
    "vgpuctl create web-1 --type i915-GVTg_V5_4 --vcpus 2 --memory 2048 --disk /srv/vm/web-1.qcow2 --disk-format qcow2",
    "vgpuctl create job-17 --sizes 128,512,4 --vcpus 1 --memory 1024 --kernel /srv/vm/vmlinuz --claim-id slurm:a:17",
    "vgpuctl create web-2 --mode gvt-g --vcpus 2 --memory 2048 --kernel /srv/vm/vmlinuz --dry-run",
    "vgpuctl create web-3 --need gvt-g,low-gm=128 --need sriov --vcpus 2 --memory 2048 --kernel /srv/vm/vmlinuz",
    "vgpuctl create -f web-3.yaml",
    "vgpuctl create web-4 -f web-3.yaml --memory 4096 --dry-run -o request",
  ],
  extraMs: () => 0,
  ref: (args) => claimRef(createClaimId(args)),
  prepare,
  run: create,
};

async function prepare(args: Arguments, environment: Environment): Promise<Arguments> {
  const path = args.text("file");
  const read = path === undefined ? args : args.withFile(await readRequestFile(path, environment));
  if (args.text("output") === "request" && !isDryRun(read))
    throw usageError("-o request needs --dry-run: it shows what would be asked");
  return read;
}

async function create(args: Arguments, vgpud: Vgpud): Promise<Answer> {
  const request = createRequest(args);
  const response = await vgpud.createDomain(request).catch(async (error: unknown) => {
    // What came by stdin is not there for the same line again.
    throw isFromStdin(args.text("file")) ? error : await withTypeThatFits(error, request.vgpu, vgpud);
  });
  const { domain, decision } = response;
  const done = domain === undefined ? undefined : createdAnswer({ ...response, domain });
  const decided = decision === undefined ? [] : decisionText(decision);
  const dry = { kind: "lines", lines: ["dry run: nothing was made; it would go here"] } as const;
  return {
    // A dry run issues no claim, so that its id would name nothing.
    request: reusable(request, args),
    names: domain === undefined ? [] : [domain.name],
    json: { ...(request.validateOnly ? {} : { claim_id: request.claimId }), ...messageJson(response) },
    text: [...(request.validateOnly ? [dry] : []), ...decided, ...(done?.text ?? [])],
    messages: warningLines(decision?.warnings),
    ...(done?.error === undefined ? {} : { error: done.error }),
  };
}

/** Without the id that was made up for this one. */
function reusable(request: CreateDomainRequest, args: Arguments): CreateDomainRequest {
  const claimId = args.given("claim-id") || args.file?.places.has("claim_id") === true ? request.claimId : "";
  return { ...request, claimId, validateOnly: false };
}
