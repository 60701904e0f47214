// One run of vgpuctl: a command line in, an outcome out. Does no I/O of its own but the calls of the client it is given.
import type { Arguments } from "./arguments.ts";
import { CliError, usageError } from "./cli-error.ts";
import type { Answer, Command } from "./command.ts";
import { commands } from "./commands.ts";
import { errorText, type RunContext } from "./error-text.ts";
import { exitCodes } from "./exit-codes.ts";
import { DEFAULT_SOCKET, readGlobals, timeoutMs } from "./global-flags.ts";
import { commandHelp, mainHelp } from "./help.ts";
import { jsonDocument } from "./json.ts";
import { coloured, plain } from "./paint.ts";
import { findCommand, readArguments, splitCommandLine } from "./parse.ts";
import { retryLine, shellLine } from "./shell-line.ts";
import { layOut } from "./text.ts";
import type { Vgpud, VgpudOptions } from "./vgpud.ts";

export interface Environment {
  readonly version: string;
  readonly newUuid: () => string;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
  /** Whether stdout shows colours. */
  readonly colour: boolean;
  /** Writes a line to stderr at once: what must be known before a long call ends. */
  readonly note: (line: string) => void;
  readonly connect: (options: VgpudOptions) => Vgpud;
}

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Never rejects for what is the user's, vgpud's or the host's fault: that is an outcome. */
export async function run(argv: readonly string[], environment: Environment): Promise<Outcome> {
  let context: RunContext | undefined;
  try {
    const written = splitCommandLine(argv, commands);
    const command = findCommand(written, commands);
    if (command === undefined)
      return withoutCommand(
        written.flags.map(({ raw }) => raw),
        environment,
      );
    context = { command, retry: retryLine(argv, []), line: contractLine(DEFAULT_SOCKET), ref: undefined };
    const given = readArguments(written, command);
    if (given.has("help")) return success(commandHelp(command));
    const { args, filled } = completed(given, command, environment.newUuid);
    const globals = readGlobals(args);
    context = {
      command,
      retry: retryLine(
        argv,
        filled.flatMap(({ flag, value }) => [`--${flag}`, value]),
      ),
      line: contractLine(globals.socketPath),
      ref: command.kind === "change" ? command.ref(args) : undefined,
    };
    // A dry run issues no claim, so that its id would name nothing.
    if (!args.has("dry-run"))
      for (const { flag, value } of filled) environment.note(`${flag.replaceAll("-", " ")}: ${value}`);
    return rendered(await answer(command, args, environment), { ...globals, ...environment, ...context });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { stdout: "", stderr: errorText(error, context), exitCode: exitCodes[error.ending] };
  }
}

/** `vgpuctl` alone, `vgpuctl --help` and `vgpuctl --version`; any other flag needs a command. */
function withoutCommand(flags: readonly string[], { version }: Environment): Outcome {
  if (flags.includes("--version")) return success(`vgpuctl ${version}\n`);
  const other = flags.find((flag) => flag !== "--help" && flag !== "-h");
  if (other !== undefined) throw usageError(`${other} needs a command`, "vgpuctl help");
  return success(mainHelp(commands));
}

interface Filled {
  readonly flag: string;
  readonly value: string;
}

/** Fills in the ids that were not given, so that the request can be repeated as it was sent. */
function completed(
  args: Arguments,
  { flags }: Command,
  newUuid: () => string,
): { readonly args: Arguments; readonly filled: readonly Filled[] } {
  const filled = flags
    .filter(({ name, fresh }) => fresh === true && !args.has(name))
    .map(({ name }) => ({ flag: name, value: newUuid() }));
  return { args: args.with(new Map(filled.map(({ flag, value }) => [flag, value]))), filled };
}

async function answer(command: Command, args: Arguments, environment: Environment): Promise<Answer> {
  if (command.kind === "local") return command.run(args, { version: environment.version });
  const { socketPath } = readGlobals(args);
  const extraMs = command.kind === "change" ? command.extraMs(args) : 0;
  const limits = { timeoutMs: timeoutMs(args, command.kind, extraMs), signal: environment.signal };
  const vgpud = environment.connect({ socketPath, ...limits });
  try {
    return await command.run(args, vgpud);
  } finally {
    vgpud.close();
  }
}

interface Rendering {
  readonly json: boolean;
  readonly noColour: boolean;
  readonly colour: boolean;
  readonly line: RunContext["line"];
}

function rendered(answer: Answer, { json, noColour, colour, line }: Rendering): Outcome {
  const hint = answer.next === undefined ? [] : [`hint: ${line(...answer.next)}`];
  const paint = colour && !noColour ? coloured : plain;
  return {
    stdout: json ? jsonDocument(answer.json) : layOut(answer.text, paint),
    stderr: [...(answer.messages ?? []), ...hint].map((message) => `${message}\n`).join(""),
    exitCode: exitCodes[answer.ending ?? "ok"],
  };
}

function success(stdout: string): Outcome {
  return { stdout, stderr: "", exitCode: exitCodes.ok };
}

/** A command line for the same socket. */
function contractLine(socketPath: string): (...words: readonly string[]) => string {
  const socket = socketPath === DEFAULT_SOCKET ? [] : ["--socket", socketPath];
  return (...words) => shellLine(["vgpuctl", ...socket, ...words]);
}
