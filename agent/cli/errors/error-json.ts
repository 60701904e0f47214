// An error as the document that scripts read from stderr.
import { status } from "@grpc/grpc-js";
import type { CliError } from "./cli-error.ts";
import { hintsOf } from "./hints.ts";
import { messageJson } from "../view/json.ts";
import type { RunContext } from "../run-context.ts";

/** The keys of the document with what they hold, for the help. */
export const errorKeys = {
  message: "what was tried, why it failed",
  reason: "a code of vgpud's closed list",
  grpc_code: "the status of the call, as INVALID_ARGUMENT; null when the error is vgpuctl's own",
  field: "the path of the request field at fault",
  metadata: "what the reason is about, by name; {} without any",
  retry_after_seconds: "how long to wait before the next try",
  details: "what else is known of it, line by line; [] without any",
  hints: "what to do next, as the lines behind hint: in the text; [] without any",
  candidates: "what each GPU lacked; only when a vGPU could not be placed",
  claim_id: "the id that create made up; only once the request was sent",
} as const;

/** The body of the document. Keys without a value are null, so that a script can ask for each of them; the last two are left out instead. */
export function errorJson(error: CliError, context: RunContext | undefined): Record<string, unknown> {
  const { message, call, reason, lines } = error;
  const details = call?.details;
  const candidates = details?.decision?.candidates;
  const body = {
    message,
    reason: reason ?? null,
    grpc_code: call === undefined ? null : status[call.code],
    field: details?.fields[0] ?? null,
    metadata: details?.metadata ?? {},
    retry_after_seconds: details?.retryMs === undefined ? null : details.retryMs / 1000,
    details: lines.map((line) => line.trim()),
    hints: hintsOf(error, context),
    ...(candidates === undefined ? {} : messageJson({ candidates })),
    ...(call === undefined ? {} : context?.issued),
  };
  return { error: body };
}
