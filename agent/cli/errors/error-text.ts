// What is written to stderr for an error: the message, the flag at fault, what each GPU lacked, and what would work.
import type { PlacementDecision } from "../../../proto/gen/vgpud/v1/placement.ts";
import type { Arguments } from "../line/arguments.ts";
import type { CliError } from "./cli-error.ts";
import type { Command } from "../command.ts";
import { refusedCandidates } from "../view/decision-view.ts";
import { hintsOf } from "./hints.ts";
import { usageLine } from "../line/help.ts";
import { printable } from "../view/paint.ts";
import type { RunContext } from "../run-context.ts";

export function errorText(error: CliError, context: RunContext | undefined): string {
  const reason = error.reason === undefined ? "" : ` [${error.reason}]`;
  const lines = [
    `error: ${printable(error.message)}${reason}`,
    ...error.lines,
    ...(context === undefined ? [] : detailLines(error, context)),
    ...hintsOf(error, context).map((hint) => `hint: ${hint}`),
  ];
  return `${lines.join("\n")}\n`;
}

function detailLines({ ending, call, inFile, message }: CliError, context: RunContext): readonly string[] {
  if (call === undefined) return ending === "usage" && !inFile ? [usageLine(context.command)] : [];
  const { fields } = call.details;
  const decision = untold(call.details.decision, message);
  return [
    ...fields.map((field) => fieldLine(field, context)),
    ...(decision === undefined ? [] : refusedCandidates(decision).map((line) => `  ${line}`)),
  ];
}

/** Undefined where the message has said it of each GPU already. */
function untold(decision: PlacementDecision | undefined, message: string): PlacementDecision | undefined {
  const told = decision?.candidates.every(
    (each) => each.free === undefined && message.includes(`${each.gpu} ${each.message}`),
  );
  return told === true ? undefined : decision;
}

function fieldLine(field: string, { command, args }: RunContext): string {
  const flag = flagWithout(field, command, args);
  if (flag !== undefined) return `  made up, since no --${flag} was given (${printable(field)})`;
  const input = nearestInput(
    field,
    args?.file === undefined ? inputs(command) : writtenInputs(command, args),
  );
  return input === undefined ? `  at ${printable(field)}` : `  set by ${input} (${printable(field)})`;
}

/** By which it could have been given, where vgpuctl made it up. */
function flagWithout(field: string, { flags }: Command, args: Arguments | undefined): string | undefined {
  if (args === undefined || args.file?.places.has(field) === true) return undefined;
  return flags.find(({ fresh, name, ...of }) => fresh === true && of.field === field && !args.given(name))
    ?.name;
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
