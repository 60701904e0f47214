// One run of vgpuctl: a command line in, an outcome out. Does no I/O of its own but what it is given to do it with.
import { answerOf, type Job } from "./answer.ts";
import { CliError, usageError } from "./errors/cli-error.ts";
import type { Answer } from "./command.ts";
import { allCommands, commands } from "./commands.ts";
import type { Environment } from "./environment.ts";
import { errorJson } from "./errors/error-json.ts";
import { errorText } from "./errors/error-text.ts";
import { exitCodes } from "./errors/exit-codes.ts";
import { readGlobals } from "./line/global-flags.ts";
import { commandHelp, mainHelp } from "./line/help.ts";
import { answerText, documentText, isDocument, type DocumentFormat } from "./view/output.ts";
import {
  findCommand,
  readArguments,
  splitCommandLine,
  targetWritten,
  type CommandLine,
} from "./line/parse.ts";
import { requestText } from "./request/request-file.ts";
import { completed, firstContext, fullContext, type RunContext } from "./run-context.ts";

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** Never rejects for what is the user's, vgpud's or the host's fault: that is an outcome. */
export async function run(argv: readonly string[], environment: Environment): Promise<Outcome> {
  const written = splitCommandLine(argv, allCommands);
  let context: RunContext | undefined;
  try {
    const command = findCommand(written, allCommands);
    if (command === undefined)
      return withoutCommand(
        written.flags.map(({ raw }) => raw),
        environment,
      );
    context = firstContext(argv, command, targetWritten(written));
    const read = readArguments(written, command);
    if (read.has("help")) return success(commandHelp(command));
    const globals = readGlobals(read, command, environment.colour);
    const given = (command.kind === "change" && (await command.prepare?.(read, environment))) || read;
    const { args, filled } = completed(given, command, environment.newUuid);
    context = fullContext({ argv, command, args, filled, target: targetWritten(written) });
    const job: Job = { command, args, globals, environment, issued: context.issued };
    return await rendered(await answerOf(job), job, context);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return failure(error, documentAskedFor(written), context);
  }
}

/** Also when the rest of the command line is wrong. */
function documentAskedFor({ flags }: CommandLine): DocumentFormat | undefined {
  return flags.map(({ name, value }) => (name === "output" ? value : undefined)).find(isDocument);
}

async function failure(
  error: CliError,
  format: DocumentFormat | undefined,
  context: RunContext | undefined,
): Promise<Outcome> {
  const stderr = await errorOutput(error, format, context);
  return { stdout: "", stderr, exitCode: exitCodes[error.ending] };
}

function errorOutput(
  error: CliError,
  format: DocumentFormat | undefined,
  context: RunContext | undefined,
): Promise<string> | string {
  // A watch or a screen that was ended has said all.
  if (error.quiet) return "";
  return format === undefined ? errorText(error, context) : documentText(errorJson(error, context), format);
}

/** `vgpuctl` alone, `vgpuctl --help` and `vgpuctl --version`; any other flag needs a command. */
function withoutCommand(flags: readonly string[], { version }: Environment): Outcome {
  if (flags.includes("--version")) return success(`vgpuctl ${version}\n`);
  const other = flags.find((flag) => flag !== "--help" && flag !== "-h");
  if (other !== undefined) throw usageError(`${other} needs a command`, "vgpuctl help");
  return success(mainHelp(commands));
}

async function rendered(answer: Answer, job: Job, context: RunContext): Promise<Outcome> {
  const { format } = job.globals;
  const { messages = [], error } = answer;
  const stdout = answer.shown === true ? "" : await answerOutput(answer, job);
  const warnings = isDocument(format) ? "" : messages.map((message) => `${message}\n`).join("");
  const failed = error && (await errorOutput(error, isDocument(format) ? format : undefined, context));
  const stderr = `${warnings}${failed ?? ""}`;
  return { stdout, stderr, exitCode: exitCodes[error?.ending ?? "ok"] };
}

async function answerOutput(answer: Answer, { globals, environment, args }: Job): Promise<string> {
  const { format, paint } = globals;
  if (format !== "request") return answerText(answer, format, { paint, headers: !args.has("no-headers") });
  return answer.request === undefined ? "" : requestText(answer.request, await environment.contract());
}

function success(stdout: string): Outcome {
  return { stdout, stderr: "", exitCode: exitCodes.ok };
}
