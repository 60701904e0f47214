// `vgpuctl reconcile`
import {
  StepState,
  type ReconcileResponse,
  type ReconcileStep,
} from "../../../proto/gen/vgpud/v1/host_service.ts";
import type { Answer, ChangeCommand } from "../command.ts";
import { endingOfReason } from "../errors/call-error.ts";
import { CliError } from "../errors/cli-error.ts";
import { messageJson } from "../view/json.ts";
import { failureText } from "../view/words.ts";
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
    return { json: messageJson(response), ...shown(response) };
  },
};

function shown(response: ReconcileResponse): Pick<Answer, "text" | "messages" | "error"> {
  const { steps } = response;
  const open = openQuestions(response);
  if (steps.length > 0) return { ...shownSteps(steps), messages: open };
  const messages = open.length > 0 ? open : ["nothing to do: the host is as the claims say"];
  return { text: [], messages };
}

/** What no step says. */
function openQuestions({ incomplete, failedClaims }: ReconcileResponse): readonly string[] {
  const away = failureText(incomplete);
  const count = failedClaims.length === 1 ? "1 claim has" : `${failedClaims.length} claims have`;
  return [
    ...(away === undefined ? [] : [`what the claims of domains need is not known: ${away}`]),
    ...(failedClaims.length === 0
      ? []
      : [`${count} failed and no step leads on, see vgpuctl domains and vgpus: ${failedClaims.join(", ")}`]),
  ];
}

function shownSteps(steps: readonly ReconcileStep[]): Pick<Answer, "text" | "error"> {
  const failed = steps.filter(({ state }) => state === StepState.FAILED);
  const [first] = failed;
  if (first === undefined) return { text: stepTable(steps) };
  const reason = first.failure?.reason;
  const message = `${failed.length} of ${steps.length} steps failed; they are tried again by themselves`;
  return { text: stepTable(steps), error: new CliError(endingOfReason(reason), message, { reason }) };
}
