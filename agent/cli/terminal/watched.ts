// A watch in its format: a table that is drawn again in place on a terminal and appended elsewhere, documents one after another.
import type { Arguments } from "../line/arguments.ts";
import { usageError } from "../errors/cli-error.ts";
import type { Answer } from "../command.ts";
import type { Environment, Screen } from "../environment.ts";
import type { Globals } from "../line/global-flags.ts";
import { answerText, isDocument, streamedText, type DocumentFormat } from "../view/output.ts";
import { printable } from "../view/paint.ts";
import { redrawer } from "./redraw.ts";
import { endedQuietly, readInterval, watch, type Watch } from "./watch.ts";

export interface Watched {
  readonly look: () => Promise<Answer>;
  readonly args: Arguments;
  readonly globals: Globals;
  readonly environment: Environment;
}

/** @throws CliError also when it was interrupted, which is how it ends */
export async function watched({ look, args, globals, environment }: Watched): Promise<Answer> {
  const { clock, signal } = environment;
  const options: Watch = {
    ...{ look, clock, signal, intervalMs: readInterval(args) },
    ...display(args, globals, environment),
  };
  return { ...(await endedQuietly(watch(options))), shown: true };
}

type Display = Pick<Watch, "frame" | "show" | "say">;

function display(args: Arguments, { format, paint }: Globals, environment: Environment): Display {
  if (isDocument(format)) return documents(format, environment);
  if (format === "name" || format === "request")
    throw usageError(`--watch has no output '${format}': it has table, wide, json, yaml`);
  const style = { paint, headers: !args.has("no-headers") };
  const table: Tables = (answer) => answerText(answer, format, style);
  const { screen } = environment;
  return screen === undefined ? appended(table, environment) : redrawn(table, screen, environment);
}

type Tables = (answer: Answer) => Promise<string>;

function documents(format: DocumentFormat, { write, note }: Environment): Display {
  return {
    frame: async ({ json }) => ({ text: await streamedText(json, format), told: "", key: documentKey(json) }),
    show: ({ text }) => {
      write(text);
    },
    say: note,
  };
}

/** Tables one after another, with an empty line between them. */
function appended(table: Tables, { write, note }: Environment): Display {
  let gap = "";
  return {
    frame: async (answer) => {
      const [text, told] = [await table(answer), messagesOf(answer)];
      return { text, told, key: `${text}${told}` };
    },
    show: ({ text, told }) => {
      if (told !== "") note(told.trimEnd());
      if (text === "") return;
      write(`${gap}${text}`);
      gap = "\n";
    },
    say: note,
  };
}

/** One table in its place. What stderr told below it would be taken for a part of it, so that it is told here. */
function redrawn(table: Tables, screen: Screen, { write }: Environment): Display {
  const draw = redrawer(screen.size);
  let shown = "";
  return {
    frame: async (answer) => {
      // The messages of an empty table stand where it stood.
      const text = `${await table(answer)}${messagesOf(answer)}`;
      return { text, told: "", key: text };
    },
    show: ({ text }) => {
      shown = text;
      write(draw(text));
    },
    say: (line) => {
      write(draw(shown, printable(line)));
    },
  };
}

function messagesOf({ messages = [] }: Answer): string {
  return messages.map((message) => `${message}\n`).join("");
}

/** What tells only when vgpud was asked is no change. */
function documentKey(json: Answer["json"]): string {
  const untold = new Set(["observe_time", "resume_token"]);
  return JSON.stringify(Object.entries(json).filter(([key]) => !untold.has(key)));
}
