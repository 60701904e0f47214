// The table of commands as the shells' scripts need it.
import { targetFlags } from "../client/target.ts";
import type { Command, Flag, Offer } from "../command.ts";
import { firstWords } from "../line/command-words.ts";
import { globalFlags } from "../line/global-flags.ts";

/** How a script asks vgpud: quickly and without a word, since the shell waits. */
export const ASK = "vgpuctl __complete --timeout 1s";

/** The flags by which a script asks the vgpud that the line names. */
export const aiming: readonly string[] = targetFlags.map((flag) => `--${flag}`);

/** `--socket` and `-o`, as they are written. */
export function spellings({ name, short }: Flag): readonly string[] {
  return short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`];
}

/** What takes the next word as its value; a flag whose value may be left out has it behind a `=`. */
export function takesNextWord({ value, optionalValue }: Flag): boolean {
  return value !== undefined && optionalValue === undefined;
}

/** Each flag once, wherever it stands: those of one name have one form. */
export function everyFlag(commands: readonly Command[]): readonly Flag[] {
  const flags = [...globalFlags, ...commands.flatMap((command) => command.flags)];
  return [...new Map(flags.map((flag) => [flag.name, flag])).values()];
}

/** The words of an offer that is the same everywhere. */
export function offeredWords(offer: Offer, commands: readonly Command[]): readonly string[] | undefined {
  if (offer.kind === "words") return offer.words;
  return offer.kind === "commands" ? firstWords(commands) : undefined;
}

/** For a shell, between single quotes. */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
