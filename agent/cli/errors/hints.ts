// What would work in the place of what failed, or shows more of it.
import { formatDurationMs } from "../../core/duration.ts";
import { tooShort } from "../client/limit.ts";
import { aimed, type RunContext } from "../run-context.ts";
import type { CliError } from "./cli-error.ts";
import { leads } from "./leads.ts";

/** First a --timeout that was too short, then its own, and what the command line and the kind of the error lead to; without a context its own alone. */
export function hintsOf(error: CliError, context: RunContext | undefined): readonly string[] {
  return [...tooShort(error.late), ...error.hints, ...(context === undefined ? [] : hints(error, context))];
}

function hints(error: CliError, given: RunContext): readonly string[] {
  const { call, ending, reason, target } = error;
  const context = target === undefined ? given : { ...given, ...aimed(target) };
  const { command, retry, line, ref } = context;
  if (error.look !== undefined) return [line(...error.look)];
  if (error.instead !== undefined)
    return [`${error.instead.said}: ${context.retryWith(error.instead)}`, line("gpus")];
  if (error.switches !== undefined) return [context.retryAlso(error.switches)];
  if (ending === "permission") return permissionHints(error, context);
  if (ending === "unreachable" && command.kind === "read" && command.alone && !context.remote)
    return [`without vgpud: ${context.retryWith({ ...command.alone, replaces: ["socket"] })}`];
  if (call === undefined)
    return ending === "usage" && !error.inFile ? [`vgpuctl ${command.name} --help`] : [];
  if (call.outcomeUnknown) return outcomeHints(context);
  const { retryMs, metadata, fields } = call.details;
  const lead = reason === undefined ? undefined : leads[reason]?.(context, metadata);
  if (retryMs !== undefined) return [...(lead ?? []), `wait ${formatDurationMs(retryMs)}, then: ${retry}`];
  if (lead !== undefined) return lead;
  if (ending === "no-room") return [line("gpus")];
  if (ending === "unsupported") return [line("doctor")];
  if (ending === "conflict" && ref !== undefined) return [line("domains", ref)];
  return fields.length > 0 ? [`vgpuctl ${command.name} --help`] : [];
}

/** One that only another socket allows is repeated there. */
function permissionHints(
  { call, hints: own, target }: CliError,
  { command, remote, retry, retryWith }: RunContext,
): readonly string[] {
  // What Placement refused, or the hosts that it named did, is no matter of this machine's users: the hints there are say whose.
  if (command.kind === "remote" && target === undefined && own.length > 0) return [];
  // Another host does not know who is root here. Of one that a file leads to the file says by which certificate.
  if (remote && command.kind === "remote") return [];
  if (remote)
    return call === undefined
      ? []
      : ["--tls-certificate and --tls-key take those of a client whose role is admin there"];
  const value = call?.details.metadata["admin_socket"];
  if (value === undefined) return [`sudo ${retry}`];
  const there = retryWith({ flag: "socket", value, replaces: [] });
  return [`on the socket for changes: ${there}`, `or with its rights: sudo ${there}`];
}

/** The time that was given for an answer may be what was wrong: the lines leave it out. */
function outcomeHints({ ref, patientRetry, line }: RunContext): readonly string[] {
  if (ref === undefined) return [`again: ${patientRetry}`];
  return [
    "what vgpud accepted goes on without vgpuctl",
    `to look at it, and for the name of its operation: ${line("domains", ref)}`,
    `to wait for it: ${patientRetry}`,
  ];
}
