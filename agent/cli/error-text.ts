// What is written to stderr for an error: the message, the flag at fault, what each GPU lacked, and what would work.
import type { CliError } from "./cli-error.ts";
import type { Command } from "./command.ts";
import { refusedCandidates } from "./decision-view.ts";
import { formatDurationMs } from "../core/duration.ts";
import { usageLine } from "./help.ts";
import { printable } from "./paint.ts";
import type { RunContext } from "./run-context.ts";

export function errorText(error: CliError, context: RunContext | undefined): string {
  const reason = error.reason === undefined ? "" : ` [${error.reason}]`;
  const lines = [
    `error: ${printable(error.message)}${reason}`,
    ...error.lines,
    ...(context === undefined ? [] : detailLines(error, context)),
    ...[...error.hints, ...(context === undefined ? [] : hints(error, context))].map(
      (hint) => `hint: ${hint}`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function detailLines({ ending, call }: CliError, { command }: RunContext): readonly string[] {
  if (call === undefined) return ending === "usage" ? [usageLine(command)] : [];
  const { fields, decision } = call.details;
  return [
    ...fields.map((field) => fieldLine(field, command)),
    ...(decision === undefined ? [] : refusedCandidates(decision).map((line) => `  ${line}`)),
  ];
}

function fieldLine(field: string, command: Command): string {
  const input = inputOf(field, command);
  return input === undefined ? `  at ${printable(field)}` : `  set by ${input} (${printable(field)})`;
}

/** The flag or operand that sets a field, or the message that holds it: the one with the longest path wins. */
function inputOf(field: string, { flags, operands }: Command): string | undefined {
  const inputs = [
    ...flags.map((flag) => ({ shown: `--${flag.name}`, field: flag.field })),
    ...operands.map((operand) => ({ shown: operand.name, field: operand.field })),
  ];
  const covers = (path: string): boolean => field === path || field.startsWith(`${path}.`);
  const matches = inputs.filter((input) => input.field !== undefined && covers(input.field));
  return matches.sort((a, b) => (b.field?.length ?? 0) - (a.field?.length ?? 0))[0]?.shown;
}

function hints(error: CliError, context: RunContext): readonly string[] {
  const { call, ending, reason } = error;
  const { command, retry, line, ref } = context;
  if (error.look !== undefined) return [line(...error.look)];
  if (ending === "permission") return [`sudo ${retry}`];
  if (call === undefined) return ending === "usage" ? [`vgpuctl ${command.name} --help`] : [];
  if (call.outcomeUnknown) return outcomeHints(context);
  if (call.details.retryMs !== undefined)
    return [`wait ${formatDurationMs(call.details.retryMs)}, then: ${retry}`];
  const words = reason === undefined ? undefined : lookByReason[reason];
  if (words !== undefined) return [line(...words)];
  if (ending === "no-room" || ending === "unsupported") return [line("gpus")];
  if (ending === "conflict" && ref !== undefined) return [line("domains", ref)];
  return call.details.fields.length > 0 ? [`vgpuctl ${command.name} --help`] : [];
}

/** What to look at when something was not found or is taken. */
const lookByReason: Readonly<Record<string, readonly string[]>> = {
  GPU_NOT_FOUND: ["gpus"],
  TYPE_UNKNOWN: ["gpus"],
  VGPU_NOT_FOUND: ["vgpus"],
  DOMAIN_NOT_FOUND: ["domains"],
  DOMAIN_NAME_EXISTS: ["domains"],
  DOMAIN_UUID_EXISTS: ["domains"],
};

/** The time that was given for an answer may be what was wrong: the lines leave it out. */
function outcomeHints({ ref, patientRetry, line }: RunContext): readonly string[] {
  if (ref === undefined) return [`again: ${patientRetry}`];
  return [
    "what vgpud accepted goes on without vgpuctl",
    `to look at it, and for the name of its operation: ${line("domains", ref)}`,
    `to wait for it: ${patientRetry}`,
  ];
}
