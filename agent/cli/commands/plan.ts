// `vgpuctl plan`
import type { PlanResponse } from "../../../proto/gen/vgpud/v1/gpu_service.ts";
import type { ReadCommand } from "../command.ts";
import { endingOfReason } from "../errors/call-error.ts";
import { CliError } from "../errors/cli-error.ts";
import { flavorFlag, numaFlag } from "../request/create-flags.ts";
import { modes, offerWords, policies } from "../request/create-words.ts";
import { planRequest } from "../request/plan-request.ts";
import { messageJson } from "../view/json.ts";
import { warningLines } from "../view/warnings.ts";
import { planLine, planText } from "../view/plan-view.ts";

export const planCommand: ReadCommand = {
  kind: "read",
  name: "plan",
  summary: "tell what would fit: on which GPUs, made in which order, and what is short for the rest",
  operands: [
    {
      name: "WANT[:COUNT]",
      required: false,
      many: true,
      help: `a type, sizes as LOW,HIGH,FENCES, a mode (${Object.keys(modes).join(", ")}), or needs as in --need of create with / for or, and how many (default 1)`,
      field: "items",
      offer: { kind: "live", what: "types" },
    },
  ],
  flags: [
    { ...flavorFlag, field: "items.vgpu.flavor.metadata" },
    {
      name: "gpu",
      value: "ADDRESS",
      help: "all of them only on this GPU, by PCI address",
      field: "items.vgpu.gpu",
      offer: { kind: "live", what: "gpus" },
    },
    {
      name: "policy",
      value: "POLICY",
      help: "among GPUs with room: pack (the fullest, default), spread (the emptiest) or numa (near to --numa)",
      field: "items.vgpu.policy",
      offer: offerWords(policies),
    },
    { ...numaFlag, field: "items.vgpu.numa" },
    {
      name: "aperture",
      value: "ADDRESS=MIB",
      many: true,
      help: "as if a GPU had another aperture, 128 to 4096 MiB; may be repeated",
      field: "what_if.apertures",
    },
    {
      name: "without-gpu",
      value: "ADDRESS",
      many: true,
      help: "as if a GPU were not there; may be repeated",
      field: "what_if.without_gpus",
      offer: { kind: "live", what: "gpus" },
    },
    {
      name: "without-foreign",
      help: "as if vGPUs that others made were not there",
      field: "what_if.without_foreign",
    },
    { name: "empty", help: "as if the host were empty", field: "what_if.empty" },
    { name: "no-headers", help: "tables without their head" },
  ],
  examples: [
    "vgpuctl plan i915-GVTg_V5_8:2 i915-GVTg_V5_2",
    "vgpuctl plan 128,512,4:3 --aperture 0000:00:02.0=1024",
    "vgpuctl plan gvt-g:20 --policy spread --empty",
    "vgpuctl plan sriov:7 gvt-g,low-gm=128/sriov:3 gvt-d",
    "vgpuctl plan --flavor-metadata hw:vgt_low_gm_sz=128 --flavor-metadata hw:vgt_fence_sz=4",
  ],
  run: async (args, vgpud) => {
    const request = planRequest(args);
    const plan = await vgpud.plan(request);
    return {
      json: messageJson(plan),
      text: planText(request, plan),
      messages: warningLines(plan.warnings),
      ...(plan.fits ? {} : { error: doesNotFit(plan) }),
    };
  },
};

/** Lack of room before anything else: the others are what the host cannot do at all. */
function doesNotFit(plan: PlanResponse): CliError {
  const reasons = plan.unplanned.map(({ reason }) => reason);
  const reason = reasons.find((one) => endingOfReason(one) === "no-room") ?? reasons[0];
  const ending = endingOfReason(reason);
  return new CliError(ending, planLine(plan), {
    reason,
    look: [ending === "unsupported" ? "doctor" : "gpus"],
  });
}
