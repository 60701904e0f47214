// A watch in its format: a table that is drawn again in place on a terminal and appended elsewhere, documents one after another.
import type { Arguments } from "./arguments.ts";
import { usageError } from "./cli-error.ts";
import type { Answer } from "./command.ts";
import type { Environment } from "./environment.ts";
import type { Globals } from "./global-flags.ts";
import { answerText, isDocument, streamedText } from "./output.ts";
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
  const { clock, signal, note: say } = environment;
  const options: Watch = {
    ...{ look, clock, signal, say, intervalMs: readInterval(args) },
    ...display(args, globals, environment),
  };
  return { ...(await endedQuietly(watch(options))), shown: true };
}

type Display = Pick<Watch, "frame" | "show">;

function display(args: Arguments, { format, paint }: Globals, { screen, write, note }: Environment): Display {
  if (isDocument(format))
    return {
      frame: async ({ json }) => ({
        text: await streamedText(json, format),
        told: "",
        key: documentKey(json),
      }),
      show: ({ text }) => {
        write(text);
      },
    };
  if (format === "name" || format === "request")
    throw usageError(`--watch has no output '${format}': it has table, wide, json, yaml`);
  const draw = screen === undefined ? appender() : redrawer(screen.size);
  return {
    frame: async (answer) => {
      const table = await answerText(answer, format, { paint, headers: !args.has("no-headers") });
      const told = (answer.messages ?? []).map((message) => `${message}\n`).join("");
      const key = `${table}${told}`;
      // On a terminal the messages of an empty table stand where it stood.
      return screen === undefined ? { text: table, told, key } : { text: key, told: "", key };
    },
    show: ({ text, told }) => {
      if (told !== "") note(told.trimEnd());
      if (text !== "") write(draw(text));
    },
  };
}

/** Tables one after another, with an empty line between them. */
function appender(): (text: string) => string {
  let first = true;
  return (text) => {
    const gap = first ? "" : "\n";
    first = false;
    return `${gap}${text}`;
  };
}

/** What tells only when vgpud was asked is no change. */
function documentKey(json: Answer["json"]): string {
  const untold = new Set(["observe_time", "resume_token"]);
  return JSON.stringify(Object.entries(json).filter(([key]) => !untold.has(key)));
}
