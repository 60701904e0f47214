// `vgpuctl operation`
import { OperationState, type Operation } from "../../../proto/gen/vgpud/v1/operation.ts";
import { parseDomainId as parseUuid } from "../../core/ids.ts";
import { endingOfReason } from "../errors/call-error.ts";
import { CliError, usageError } from "../errors/cli-error.ts";
import type { Answer, ReadCommand } from "../command.ts";
import { messageJson } from "../view/json.ts";
import type { Text } from "../view/text.ts";
import { watchFlags } from "../terminal/watch.ts";
import { failureText, stateCell, time, word } from "../view/words.ts";

const PREFIX = "operations/";

export const operationCommand: ReadCommand = {
  kind: "read",
  name: "operation",
  summary: "show what a change is doing or did; --watch waits for its end and ends as it did",
  operands: [{ name: "NAME", required: true, help: "operations/UUID, or the UUID alone", field: "name" }],
  flags: watchFlags,
  forms: { name: "operations/UUID" },
  examples: [
    "vgpuctl operation operations/5f0c3c52-6d1c-4b57-8b52-9d1d2d0a7c11",
    "vgpuctl operation 5f0c3c52-6d1c-4b57-8b52-9d1d2d0a7c11 --watch",
  ],
  run: async (args, vgpud) => {
    const name = operationName(args.operand());
    const response = await vgpud.getOperation({ name });
    const { operation } = response;
    const json = messageJson(response);
    if (operation === undefined) return { json, text: [] };
    const answer = { json, text: operationText(operation), names: [name] };
    return { ...answer, ...(args.has("watch") ? ending(operation) : {}) };
  },
};

/** A watch ends with the operation, and as it ended. */
function ending({ name, state, failure }: Operation): Pick<Answer, "final" | "error"> {
  if (state === OperationState.SUCCEEDED) return { final: true };
  if (state !== OperationState.FAILED) return {};
  const { reason, message } = failure ?? { reason: undefined, message: "no reason is known" };
  const error = new CliError(endingOfReason(reason), `${name} failed: ${message}`, { reason });
  return { final: true, error };
}

function operationName(given: string): string {
  const uuid = parseUuid(given.startsWith(PREFIX) ? given.slice(PREFIX.length) : given);
  if (uuid === undefined) throw usageError(`NAME must be operations/UUID, or the UUID alone, not '${given}'`);
  return `${PREFIX}${uuid}`;
}

function operationText(operation: Operation): Text {
  const failure = failureText(operation.failure);
  return [
    {
      kind: "fields",
      fields: [
        ["operation", operation.name],
        ["kind", word(operation.kind, "OPERATION_KIND")],
        ["state", stateCell(operation.state, "OPERATION_STATE")],
        ["claim id", operation.claimId],
        ["claim", stateCell(operation.claimState, "CLAIM_STATE")],
        ["domain", operation.domainName],
        ["domain UUID", operation.domainUuid],
        ["vGPU", operation.vgpuId],
        ["GPU", operation.gpu],
        ["started", time(operation.startTime)],
        ["ended", time(operation.endTime)],
        ...(failure === undefined ? [] : ([["failure", { text: failure, style: "bad" }]] as const)),
      ],
    },
  ];
}
