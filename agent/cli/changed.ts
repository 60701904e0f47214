// A change as a person at a terminal meets it: asked first where much is lost, and told about while it takes long.
import type { Arguments } from "./line/arguments.ts";
import { CliError } from "./errors/cli-error.ts";
import type { Answer, ChangeCommand } from "./command.ts";
import { domainRef } from "./request/domain-ref.ts";
import type { Environment } from "./environment.ts";
import { timeoutOf, type Globals } from "./line/global-flags.ts";
import { isDocument } from "./view/output.ts";
import { withProgress } from "./terminal/progress.ts";
import { ownLimit, type Limit } from "./client/limit.ts";
import type { Vgpud } from "./client/vgpud.ts";

interface Change {
  readonly command: ChangeCommand;
  readonly args: Arguments;
  readonly globals: Globals;
  readonly environment: Environment;
}

/** @throws CliError */
export async function changed(change: Change, vgpud: Vgpud): Promise<Answer> {
  const { command, args, globals, environment } = change;
  await confirmed(change);
  const work = command.run(args, vgpud);
  if (environment.status === undefined || isDocument(globals.format)) return work;
  return watchedOver(work, change, environment.status);
}

async function confirmed(change: Change): Promise<void> {
  const { args, environment } = change;
  if (environment.ask === undefined || args.has("yes")) return;
  const question = await questionOf(change);
  if (question !== undefined) await confirm(question, environment);
}

/** Where nobody can be asked it is confirmed. Flag `yes` is taken by every command that asks. @throws CliError */
export async function confirm(
  question: string,
  { ask, signal }: Pick<Environment, "ask" | "signal">,
): Promise<void> {
  if (ask === undefined) return;
  const answer = await ask(`${question} [y/N] `);
  if (signal.aborted) throw new CliError("interrupted", "interrupted before vgpud was asked to do anything");
  if (/^y(?:es)?$/i.test(answer.trim())) return;
  throw new CliError("failure", "nothing was done: it was not confirmed", { switches: ["yes"] });
}

async function questionOf(change: Change): Promise<string | undefined> {
  const { command, args } = change;
  if (command.question === undefined) return undefined;
  const vgpud = reader(change, timeoutOf(args, "read", 0));
  try {
    return await command.question(args, vgpud);
  } finally {
    vgpud.close();
  }
}

/** A connection with the patience of a read: a change may take much longer. */
function reader({ globals: { target }, environment }: Change, timeout: Limit): Vgpud {
  const { signal } = environment;
  return environment.connect({ target, timeout, signal, onSend: () => undefined });
}

/** On a connection of its own: what is told must not wait for what is done. */
async function watchedOver(
  work: Promise<Answer>,
  change: Change,
  show: (line: string) => void,
): Promise<Answer> {
  const { command, args, environment } = change;
  const { clock } = environment;
  const onlooker = reader(change, ownLimit(LOOK_MS));
  const ref = command.ref?.(args);
  const [name = ref] = args.operands;
  try {
    return await withProgress(work, {
      what: [command.name, ...(name === undefined ? [] : [name])].join(" "),
      look: async () =>
        ref === undefined
          ? undefined
          : (await onlooker.getDomain({ domain: domainRef(ref), withUsage: false })).domain,
      ...{ show, clock },
    });
  } finally {
    onlooker.close();
  }
}

/** Reads are answered from memory. */
const LOOK_MS = 2_000;
