// What is written to stderr for an error: the message, the flag at fault, what each GPU lacked, and what would work.
import type { Arguments } from "../line/arguments.ts";
import type { CliError } from "./cli-error.ts";
import type { Command } from "../command.ts";
import { refusedCandidates } from "../view/decision-view.ts";
import { formatDurationMs } from "../../core/duration.ts";
import { usageLine } from "../line/help.ts";
import { printable } from "../view/paint.ts";
import type { RunContext } from "../run-context.ts";

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

function detailLines({ ending, call, inFile }: CliError, context: RunContext): readonly string[] {
  if (call === undefined) return ending === "usage" && !inFile ? [usageLine(context.command)] : [];
  const { fields, decision } = call.details;
  return [
    ...fields.map((field) => fieldLine(field, context)),
    ...(decision === undefined ? [] : refusedCandidates(decision).map((line) => `  ${line}`)),
  ];
}

function fieldLine(field: string, { command, args }: RunContext): string {
  const input = nearestInput(
    field,
    args?.file === undefined ? inputs(command) : writtenInputs(command, args),
  );
  return input === undefined ? `  at ${printable(field)}` : `  set by ${input} (${printable(field)})`;
}

interface Input {
  readonly shown: string;
  readonly field: string | undefined;
}

/** What sets a field, or the message that holds it: the one with the longest path wins, the first of equal ones. */
function nearestInput(field: string, from: readonly Input[]): string | undefined {
  // An input that sets all items of a list has a path without their places.
  const fields = [field, field.replace(/\[[^\]]*\]/g, "")];
  const covers = (path: string): boolean =>
    fields.some((each) => each === path || each.startsWith(`${path}.`));
  const matches = from.filter((input) => input.field !== undefined && covers(input.field));
  return matches.sort((a, b) => (b.field?.length ?? 0) - (a.field?.length ?? 0))[0]?.shown;
}

function inputs({ flags, operands }: Pick<Command, "flags" | "operands">): readonly Input[] {
  return [
    ...flags.map((flag) => ({ shown: `--${flag.name}`, field: flag.field })),
    ...operands.map((operand) => ({ shown: operand.name, field: operand.field })),
  ];
}

/** The flags and operands that were given, which win, and the lines of the file. */
function writtenInputs({ flags, operands }: Command, args: Arguments): readonly Input[] {
  const given = {
    flags: flags.filter(({ name }) => args.given(name)),
    operands: operands.filter((_, index) => args.operands[index] !== undefined),
  };
  const places = [...(args.file?.places ?? [])].map(([field, shown]) => ({ shown, field }));
  return [...inputs(given), ...places];
}

function hints(error: CliError, context: RunContext): readonly string[] {
  const { call, ending, reason } = error;
  const { command, retry, line, ref } = context;
  if (error.look !== undefined) return [line(...error.look)];
  if (error.instead !== undefined)
    return [`${error.instead.said}: ${context.retryWith(error.instead)}`, line("gpus")];
  if (ending === "permission") return permissionHints(error, context);
  if (ending === "unreachable" && command.kind === "read" && command.alone)
    return [`without vgpud: ${context.retryWith({ ...command.alone, replaces: ["socket"] })}`];
  if (call === undefined)
    return ending === "usage" && !error.inFile ? [`vgpuctl ${command.name} --help`] : [];
  if (call.outcomeUnknown) return outcomeHints(context);
  const seen = elsewhere[reason ?? ""] ?? [];
  if (call.details.retryMs !== undefined)
    return [...seen, `wait ${formatDurationMs(call.details.retryMs)}, then: ${retry}`];
  const way = wayOut(error, context);
  if (way !== undefined) return [line(...way)];
  const words = reason === undefined ? undefined : lookByReason[reason];
  if (words !== undefined) return [line(...words), ...seen, ...alsoClaimed(error, context)];
  const foreign =
    reason === "CLAIM_STATE" && command.name === "delete-vgpu" && call.details.metadata["vgpu_id"];
  if (foreign) return [`to take it over first: ${line("adopt", foreign)}`, `then: ${retry}`];
  const configured = byConfiguration[reason ?? ""];
  if (configured !== undefined) return configured;
  if (reason === "DOMAIN_FOREIGN" && ref !== undefined)
    return [line("domains", ref), `with the vGPU it shows: ${line("adopt", "VGPU_ID", "--with-domain")}`];
  if (ending === "no-room") return [line("gpus")];
  if (ending === "unsupported") return [line("doctor")];
  if (ending === "conflict" && ref !== undefined) return [line("domains", ref)];
  return call.details.fields.length > 0 ? [`vgpuctl ${command.name} --help`] : [];
}

/** What does what was meant, where the claim is of another kind than the command. */
function wayOut({ reason, call }: CliError, { command, ref }: RunContext): readonly string[] | undefined {
  if (reason === "DOMAIN_VANISHED" && ref !== undefined) return ["destroy", ref];
  if (reason !== "CLAIM_STATE") return undefined;
  const { domain_uuid: domain, claim_id: claim } = call?.details.metadata ?? {};
  if (command.name === "release" && claim !== undefined) return ["vgpus", `claim:${claim}`];
  if (command.name !== "delete-vgpu") return undefined;
  if (domain !== undefined) return ["destroy", domain];
  return claim === undefined ? undefined : ["release", claim];
}

/** A claim that was not found may have been meant as a domain's. */
function alsoClaimed({ reason }: CliError, { command, line }: RunContext): readonly string[] {
  return reason === "VGPU_NOT_FOUND" && command.name === "reconcile" ? [line("domains")] : [];
}

/** No other flag would help. Of a path the message says what to do: it may be missing, too. */
const byConfiguration: Readonly<Record<string, readonly string[]>> = {
  NETWORK_NOT_ALLOWED: ["once the configuration lists it: systemctl reload vgpud"],
  PATH_NOT_ALLOWED: [],
};

/** Where more is to be seen than vgpuctl shows. */
const elsewhere: Readonly<Record<string, readonly string[]>> = {
  KERNEL_REFUSED: ["what the kernel says of it: dmesg | tail"],
  HOSTD_UNAVAILABLE: ["systemctl status vgpud-hostd.socket vgpud-hostd"],
  LEDGER_UNAVAILABLE: ["the disk of vgpud's state directory, as a rule /var/lib/vgpud: df, dmesg"],
};

/** One that only another socket allows is repeated there. */
function permissionHints({ call }: CliError, { retry, retryWith }: RunContext): readonly string[] {
  const value = call?.details.metadata["admin_socket"];
  if (value === undefined) return [`sudo ${retry}`];
  const there = retryWith({ flag: "socket", value, replaces: [] });
  return [`on the socket for changes: ${there}`, `or with its rights: sudo ${there}`];
}

/** What to look at when something was not found or is taken. */
const lookByReason: Readonly<Record<string, readonly string[]>> = {
  GPU_NOT_FOUND: ["gpus"],
  GPU_DRAINED: ["gpus"],
  HOST_DRAINED: ["host"],
  TYPE_UNKNOWN: ["gpus"],
  KERNEL_REFUSED: ["doctor"],
  VGPU_NOT_FOUND: ["vgpus"],
  CALLERS_LIMIT_REACHED: ["vgpus"],
  DOMAIN_NOT_FOUND: ["domains"],
  DOMAIN_NAME_EXISTS: ["domains"],
  DOMAIN_UUID_EXISTS: ["domains"],
  DISK_IN_USE: ["domains"],
  RESERVATION_NOT_FOUND: ["reservations"],
  RESERVATION_MISMATCH: ["reservations"],
  DOMAIN_NOT_ADOPTABLE: ["domains"],
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
