// `vgpuctl schedule destroy`
import { changeAnswer, graceMs, stopFields } from "../change.ts";
import { confirm } from "../changed.ts";
import type { Answer } from "../command.ts";
import type { Environment } from "../environment.ts";
import { CliError } from "../errors/cli-error.ts";
import type { Arguments } from "../line/arguments.ts";
import { giveBack } from "./claims.ts";
import { closing } from "./held.ts";
import { namedClaim } from "./named.ts";
import { opened, type Opened } from "./opened.ts";
import { placementWork } from "./placement-failure.ts";

/** The domain first: what is given back while the host still has it might be given to somebody else. */
export async function destroy(args: Arguments, environment: Environment): Promise<Answer> {
  using parts = await opened(args, environment, { extraMs: graceMs(args) });
  const { signal } = environment;
  const { claimId, held } = await namedClaim(args.operand(), parts, signal);
  const host = held?.place.host ?? args.text("host");
  if (host === undefined) return nothingToDo(claimId);
  if (!args.has("yes")) {
    const again = ["schedule", "destroy", ...args.operands, "--yes"];
    await confirm(`destroy the domain of claim ${claimId} on ${host}? its disks stay`, environment, again);
  }
  const done = surelyGone(await destroyed(claimId, host, { args, parts }), {
    claimId,
    host,
    isSure: held === undefined || args.text("host") === host,
  });
  if (done.error === undefined && held !== undefined)
    await placementWork(signal, () =>
      giveBack({ api: parts.api, claimId }, held.allocation.byProvider, signal),
    );
  const booking = held === undefined ? "none" : done.error === undefined ? "released" : "held";
  return { ...done, json: { claim_id: claimId, host, booking, ...done.json }, names: [claimId] };
}

async function destroyed(
  claimId: string,
  host: string,
  { args, parts }: { readonly args: Arguments; readonly parts: Opened },
): Promise<Answer> {
  using agent = closing(parts.agentOf(host, "change"));
  const domain = { ref: { $case: "claimId", value: claimId } } as const;
  const request = { domain, requestId: "", ...stopFields(args), allowMissing: true };
  return changeAnswer(await agent.vgpud.destroyDomain(request));
}

/**
 * A host that never heard of the claim may be another one than was booked, by a wrong address: what is booked stays then, unless the
 * user named the host.
 */
function surelyGone(
  answer: Answer,
  { claimId, host, isSure }: { readonly claimId: string; readonly host: string; readonly isSure: boolean },
): Answer {
  if (isSure || answer.error !== undefined || answer.names !== undefined) return answer;
  const message = `what answers as ${host} has no domain of claim ${claimId}: it stays booked`;
  const hints = [
    `where that is the host that is meant, give it back: vgpuctl schedule destroy ${claimId} --host ${host}`,
  ];
  return { ...answer, error: new CliError("conflict", message, { hints }) };
}

function nothingToDo(claimId: string): Answer {
  const line = `nothing is booked for claim ${claimId}: nothing to do`;
  return {
    json: { claim_id: claimId, host: null, booking: "none", operation: "" },
    text: [{ kind: "lines", lines: [line] }],
    names: [claimId],
  };
}
