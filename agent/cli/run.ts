// One run of vgpuctl: a command line in, an outcome out. Does no I/O of its own but the calls of the client it is given.
import type { Arguments } from "./arguments.ts";
import { CliError, usageError } from "./cli-error.ts";
import type { Answer, Command } from "./command.ts";
import { commands } from "./commands.ts";
import { errorJson } from "./error-json.ts";
import { errorText } from "./error-text.ts";
import { exitCodes } from "./exit-codes.ts";
import { readGlobals, timeoutMs } from "./global-flags.ts";
import { commandHelp, mainHelp } from "./help.ts";
import { jsonDocument } from "./json.ts";
import { coloured, plain, type Paint } from "./paint.ts";
import { findCommand, readArguments, splitCommandLine, type CommandLine } from "./parse.ts";
import { completed, firstContext, fullContext, type RunContext } from "./run-context.ts";
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
  const written = splitCommandLine(argv, commands);
  let context: RunContext | undefined;
  try {
    const command = findCommand(written, commands);
    if (command === undefined)
      return withoutCommand(
        written.flags.map(({ raw }) => raw),
        environment,
      );
    context = firstContext(argv, command);
    const given = readArguments(written, command);
    if (given.has("help")) return success(commandHelp(command));
    const { args, filled } = completed(given, command, environment.newUuid);
    const { socketPath, json, noColour } = readGlobals(args);
    context = fullContext({ argv, command, args, filled, socketPath });
    const { issued } = context;
    const onSend = (): void => {
      // In JSON the document holds it: stderr is one document or empty.
      if (json) return;
      for (const [field, value] of Object.entries(issued))
        environment.note(`${field.replaceAll("_", " ")}: ${value}`);
    };
    const paint = environment.colour && !noColour ? coloured : plain;
    return rendered(await answer({ command, args, onSend, environment }), { json, paint, context });
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const stderr = asksForJson(written) ? errorJson(error, context) : errorText(error, context);
    return { stdout: "", stderr, exitCode: exitCodes[error.ending] };
  }
}

/** Also when the rest of the command line is wrong. */
function asksForJson({ flags }: CommandLine): boolean {
  return flags.some(({ name, value }) => name === "output" && value === "json");
}

/** `vgpuctl` alone, `vgpuctl --help` and `vgpuctl --version`; any other flag needs a command. */
function withoutCommand(flags: readonly string[], { version }: Environment): Outcome {
  if (flags.includes("--version")) return success(`vgpuctl ${version}\n`);
  const other = flags.find((flag) => flag !== "--help" && flag !== "-h");
  if (other !== undefined) throw usageError(`${other} needs a command`, "vgpuctl help");
  return success(mainHelp(commands));
}

interface Call {
  readonly command: Command;
  readonly args: Arguments;
  readonly onSend: () => void;
  readonly environment: Environment;
}

async function answer({ command, args, onSend, environment }: Call): Promise<Answer> {
  if (command.kind === "local") return command.run(args, { version: environment.version });
  const { socketPath } = readGlobals(args);
  const extraMs = command.kind === "change" ? command.extraMs(args) : 0;
  const limits = { timeoutMs: timeoutMs(args, command.kind, extraMs), signal: environment.signal };
  const vgpud = environment.connect({ socketPath, ...limits, onSend });
  try {
    return await command.run(args, vgpud);
  } finally {
    vgpud.close();
  }
}

interface Rendering {
  readonly json: boolean;
  readonly paint: Paint;
  readonly context: RunContext;
}

function rendered({ json: body, text, messages, error }: Answer, to: Rendering): Outcome {
  const exitCode = exitCodes[error?.ending ?? "ok"];
  if (to.json) {
    const stderr = error === undefined ? "" : errorJson(error, to.context);
    return { stdout: jsonDocument(body), stderr, exitCode };
  }
  const warnings = (messages ?? []).map((message) => `${message}\n`).join("");
  const failure = error === undefined ? "" : errorText(error, to.context);
  return { stdout: layOut(text, to.paint), stderr: `${warnings}${failure}`, exitCode };
}

function success(stdout: string): Outcome {
  return { stdout, stderr: "", exitCode: exitCodes.ok };
}
