// What a run knows about itself, to say what would work: the command lines for its hints, and the ids that it made.
import type { Arguments } from "./line/arguments.ts";
import type { Instead } from "./errors/cli-error.ts";
import type { Command } from "./command.ts";
import { isDryRun } from "./request/create-request.ts";
import { fileWords } from "./schedule/words.ts";
import { lineFor, retryLine, withoutFlag } from "./line/shell-line.ts";

export interface RunContext {
  readonly command: Command;
  /** Undefined until they are understood. */
  readonly args: Arguments | undefined;
  /** The same command line again. */
  readonly retry: string;
  /** The same with the usual time for an answer: for when the given one may have been too short. */
  readonly patientRetry: string;
  /** The same with another value of a flag, and without those that it replaces. */
  readonly retryWith: (instead: Instead) => string;
  /** The same as it was given, and with flags that take no value. */
  readonly retryAlso: (switches: readonly string[]) => string;
  /** Whether vgpud is one of another host. */
  readonly remote: boolean;
  /** A command line of vgpuctl for the same vgpud. */
  readonly line: (...words: readonly string[]) => string;
  /** Where the domain of a change can be looked at; absent for reads, and where no domain is changed. */
  readonly ref: string | undefined;
  /** Ids that vgpuctl made up for the request, by the names of their fields. */
  readonly issued: Readonly<Record<string, string>>;
}

/** An id that was not given. */
interface Filled {
  readonly flag: string;
  readonly value: string;
}

/** Fills in the ids that were not given, so that the request can be repeated as it was sent. */
export function completed(
  args: Arguments,
  { flags }: Command,
  newUuid: () => string,
): { readonly args: Arguments; readonly filled: readonly Filled[] } {
  const filled = flags
    .filter(({ name, fresh, field }) => fresh === true && !args.has(name) && !says(args, field))
    .map(({ name }) => ({ flag: name, value: newUuid() }));
  return { args: args.filled(new Map(filled.map(({ flag, value }) => [flag, value]))), filled };
}

/** Whether the file has a field. */
function says({ file }: Arguments, field: string | undefined): boolean {
  return field !== undefined && file?.places.has(field) === true;
}

/** Before the flags are judged. */
export function firstContext(
  argv: readonly string[],
  command: Command,
  target: readonly string[],
): RunContext {
  const unknown = { args: undefined, ref: undefined, issued: {} };
  return { ...repeats(argv, []), ...unknown, ...aimed(target), command };
}

export interface Understood {
  readonly argv: readonly string[];
  readonly command: Command;
  readonly args: Arguments;
  readonly filled: readonly Filled[];
  /** The flags that name it, as words. */
  readonly target: readonly string[];
}

export function fullContext({ argv, command, args, filled, target }: Understood): RunContext {
  // A dry run issues no claim, so that its id would name nothing.
  const issued = isDryRun(args) ? [] : filled;
  return {
    ...repeats(argv, filled),
    command,
    args,
    ...aimed(target),
    // Without its file such a command would ask others.
    ...(command.kind === "remote" ? { line: (...words) => lineFor([])(...words, ...fileWords(args)) } : {}),
    ref: command.kind === "change" ? command.ref?.(args) : undefined,
    issued: Object.fromEntries(issued.map(({ flag, value }) => [flag.replaceAll("-", "_"), value])),
  };
}

/** At a vgpud that flags name. */
export function aimed(target: readonly string[]): Pick<RunContext, "remote" | "line"> {
  return { remote: target.includes("--address"), line: lineFor(target) };
}

function repeats(
  argv: readonly string[],
  filled: readonly Filled[],
): Pick<RunContext, "retry" | "patientRetry" | "retryWith" | "retryAlso"> {
  const flags = filled.flatMap(({ flag, value }) => [`--${flag}`, value]);
  return {
    retry: retryLine(argv, flags),
    patientRetry: retryLine(withoutFlag(argv, "timeout"), flags),
    retryWith: ({ flag, value, replaces }) =>
      retryLine([flag, ...replaces].reduce(withoutFlag, argv), [`--${flag}`, value, ...flags]),
    retryAlso: (switches) =>
      retryLine(
        argv,
        switches.map((flag) => `--${flag}`),
      ),
  };
}
