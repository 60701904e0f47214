// `vgpuctl reconcile`
import { StepState, type ReconcileStep } from "../../../proto/gen/vgpud/v1/host_service.ts";
import type { Answer, ChangeCommand } from "../command.ts";
import { endingOfReason } from "../errors/call-error.ts";
import { CliError } from "../errors/cli-error.ts";
import { messageJson } from "../view/json.ts";
import { stepTable } from "../view/step-view.ts";

export const reconcileCommand: ChangeCommand = {
  kind: "change",
  name: "reconcile",
  summary: "lead the host to what the claims say, and tell each step; it happens by itself, too",
  operands: [{ name: "CLAIM", required: false, help: "only this claim, by its id", field: "claim_id" }],
  flags: [
    { name: "dry-run", help: "show the steps and take none", field: "dry_run" },
    { name: "no-headers", help: "tables without their head" },
  ],
  examples: ["vgpuctl reconcile --dry-run", "vgpuctl reconcile", "vgpuctl reconcile job-17"],
  extraMs: () => 0,
  run: async (args, vgpud) => {
    const [claimId = ""] = args.operands;
    const response = await vgpud.reconcile({ dryRun: args.has("dry-run"), claimId });
    return { json: messageJson(response), ...shown(response.steps) };
  },
};

function shown(steps: readonly ReconcileStep[]): Pick<Answer, "text" | "messages" | "error"> {
  if (steps.length === 0) return { text: [], messages: ["nothing to do: the host is as the claims say"] };
  const failed = steps.filter(({ state }) => state === StepState.FAILED);
  const [first] = failed;
  if (first === undefined) return { text: stepTable(steps) };
  const reason = first.failure?.reason;
  const message = `${failed.length} of ${steps.length} steps failed; they are tried again by themselves`;
  return { text: stepTable(steps), error: new CliError(endingOfReason(reason), message, { reason }) };
}
