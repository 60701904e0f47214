// Turns the status of a call into a CliError: the ending by code and reason, the lines by the details.
import { status, type ServiceError } from "@grpc/grpc-js";
import type { Limit } from "../client/limit.ts";
import { CliError } from "./cli-error.ts";
import { formatDurationMs } from "../../core/duration.ts";
import { reasons, type ErrorKind } from "../../core/reasons.ts";
import { readDetails } from "./error-details.ts";
import type { Ending } from "./exit-codes.ts";

export interface CallLimits {
  readonly timeout: Limit;
  readonly signal: AbortSignal;
}

export function callError(error: ServiceError | null, { timeout, signal }: CallLimits): CliError {
  if (error === null) return new CliError("failure", "vgpud answered without a response");
  const { code } = error;
  const details = readDetails(error.metadata);
  const known = details.reason !== undefined;
  if (!known && signal.aborted)
    return new CliError("interrupted", "interrupted", { call: { code, details, outcomeUnknown: true } });
  if (!known && code === status.DEADLINE_EXCEEDED) {
    const message = `no answer from vgpud within ${formatDurationMs(timeout.ms)}`;
    return new CliError("failure", message, {
      call: { code, details, outcomeUnknown: true },
      late: timeout,
    });
  }
  const broken = !known && code === status.UNAVAILABLE;
  const message = broken ? `the connection to vgpud broke: ${error.details}` : error.details;
  const call = { code, details, outcomeUnknown: broken };
  return new CliError(endingOf(code, details.reason), message, { reason: details.reason, call });
}

/** Whether vgpud was reached and did not answer in the time for it. */
export function isUnanswered({ call, reason }: Pick<CliError, "call" | "reason">): boolean {
  return call?.code === status.DEADLINE_EXCEEDED && reason === undefined;
}

/** Reasons that stand apart from the others of their code. */
const byReason: Readonly<Record<string, Exclude<Ending, "ok">>> = {
  MODE_UNSUPPORTED: "unsupported",
  FIELD_NOT_SUPPORTED_HERE: "unsupported",
  FIELD_NOT_SERVED: "unsupported",
  RAW_XML_DISABLED: "unsupported",
  DEVICE_MODEL_MISSING: "unsupported",
  // What is right in one state of the host, and in another is not.
  PATH_NOT_ALLOWED: "failure",
  NETWORK_NOT_ALLOWED: "failure",
  DOMAIN_HAS_VGPU: "conflict",
  VGPU_IN_USE: "conflict",
  VGPU_REMOVE_BLOCKED: "conflict",
  CLAIM_STATE: "conflict",
  DISK_IN_USE: "conflict",
  GPU_DRAINED: "conflict",
  HOST_DRAINED: "conflict",
  DOMAIN_FOREIGN: "conflict",
  RESERVATION_MISMATCH: "conflict",
  // As where vgpuctl asks Placement itself.
  SCHEDULER_UNAVAILABLE: "unreachable",
};

/** How an operation ends that failed for a reason. */
export function endingOfReason(reason: string | undefined): Exclude<Ending, "ok"> {
  const special = reason === undefined ? undefined : byReason[reason];
  if (special !== undefined) return special;
  const known: Readonly<Record<string, ErrorKind>> = reasons;
  return endingOfKind[known[reason ?? ""] ?? "internal"];
}

const endingOfKind = {
  "invalid-argument": "usage",
  "not-found": "failure",
  "already-exists": "conflict",
  "no-room": "no-room",
  "failed-precondition": "failure",
  "host-condition": "unsupported",
  "permission-denied": "permission",
  aborted: "conflict",
  "out-of-range": "failure",
  unavailable: "failure",
  "deadline-exceeded": "failure",
  unimplemented: "unsupported",
  internal: "failure",
} as const satisfies Record<ErrorKind, Exclude<Ending, "ok">>;

function endingOf(code: status, reason: string | undefined): Exclude<Ending, "ok"> {
  const special = reason === undefined ? undefined : byReason[reason];
  if (special !== undefined) return special;
  switch (code) {
    case status.INVALID_ARGUMENT:
      return "usage";
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
      return "permission";
    case status.UNIMPLEMENTED:
      return "unsupported";
    case status.ALREADY_EXISTS:
    case status.ABORTED:
      return "conflict";
    case status.RESOURCE_EXHAUSTED:
      // Without a reason it is the transport's: a message above its limit.
      return reason === undefined ? "failure" : "no-room";
    case status.FAILED_PRECONDITION:
      return endingOfReason(reason);
    case status.UNAVAILABLE:
      return reason === undefined ? "unreachable" : "failure";
    case status.OK:
    case status.CANCELLED:
    case status.UNKNOWN:
    case status.DEADLINE_EXCEEDED:
    case status.NOT_FOUND:
    case status.OUT_OF_RANGE:
    case status.INTERNAL:
    case status.DATA_LOSS:
      return "failure";
  }
}
