// A command with what it needs, and how its answer comes about: at once, as a watch, or as a change that is told about.
import type { Arguments } from "./line/arguments.ts";
import { changed } from "./changed.ts";
import { untilAborted } from "../core/until-aborted.ts";
import { CliError, usageError } from "./errors/cli-error.ts";
import type { Answer, Command, ReadCommand } from "./command.ts";
import type { Environment } from "./environment.ts";
import { timeoutOf, type Globals } from "./line/global-flags.ts";
import { isDocument } from "./view/output.ts";
import type { Vgpud } from "./client/vgpud.ts";
import { watched } from "./terminal/watched.ts";

export interface Job {
  readonly command: Command;
  readonly args: Arguments;
  readonly globals: Globals;
  readonly environment: Environment;
  /** Ids that vgpuctl made up for the request, by the names of their fields. */
  readonly issued: Readonly<Record<string, string>>;
}

/** @throws CliError */
export async function answerOf(job: Job): Promise<Answer> {
  const { command, args, globals, environment } = job;
  if (command.kind === "local") return command.run(args, { version: environment.version });
  if (command.kind === "remote") return command.run(args, quietIn(globals.format, environment));
  const offline = command.kind === "read" ? command.offline?.(args, environment) : undefined;
  if (offline) return unlessInterrupted(offline, environment.signal);
  const extraMs = command.kind === "change" ? command.extraMs(args) : 0;
  let told = false;
  const vgpud = environment.connect({
    target: globals.target,
    timeout: timeoutOf(args, command.kind === "change" ? "change" : "read", extraMs),
    signal: environment.signal,
    onSend: () => {
      // A hint may take calls of its own.
      if (!told) tellIssued(job);
      told = true;
    },
  });
  try {
    return await asked(job, vgpud);
  } finally {
    vgpud.close();
  }
}

/** Nobody else ends it: what is looked at may be a file system that does not answer. */
async function unlessInterrupted(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  try {
    return await untilAborted(answer, signal);
  } catch (error) {
    if (signal.aborted) throw new CliError("interrupted", "interrupted", { cause: error });
    throw error;
  }
}

function asked({ command, args, globals, environment }: Job, vgpud: Vgpud): Promise<Answer> {
  switch (command.kind) {
    case "local":
    case "remote":
      throw new TypeError(`${command.name} asks no vgpud here`);
    case "read":
      if (!args.has("watch")) return once(command, { args, environment }, vgpud);
      return watched({ look: () => command.run(args, vgpud, environment), args, globals, environment });
    case "change":
      return changed({ command, args, globals, environment }, vgpud);
    case "live":
      return command.run(args, vgpud, environment);
  }
}

function once(
  command: ReadCommand,
  { args, environment }: Pick<Job, "args" | "environment">,
  vgpud: Vgpud,
): Promise<Answer> {
  if (args.has("interval")) throw usageError("--interval needs --watch");
  return command.run(args, vgpud, environment);
}

/** In a document it stands inside: stderr is one document or empty. */
function quietIn(format: Globals["format"], environment: Environment): Environment {
  return isDocument(format) ? { ...environment, note: () => undefined } : environment;
}

function tellIssued({ issued, globals, environment: { note } }: Job): void {
  if (isDocument(globals.format)) return;
  for (const [field, value] of Object.entries(issued)) note(`${field.replaceAll("_", " ")}: ${value}`);
}
