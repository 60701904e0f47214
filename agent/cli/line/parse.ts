// Pure: words of the command line to a command and its arguments, strict and with suggestions.
import { parseArgs } from "node:util";
import { Arguments } from "./arguments.ts";
import { usageError } from "../errors/cli-error.ts";
import type { Command, Flag } from "../command.ts";
import { targetWords } from "../client/target.ts";
import { firstWords, groupsOf, wordsIn, wordsOf, type Group } from "./command-words.ts";
import { globalFlags } from "./global-flags.ts";
import { meantCommands } from "./meant-commands.ts";
import { shellLine } from "./shell-line.ts";
import { didYouMean } from "../../core/suggest.ts";

/** The words as they were written, not yet judged. */
export interface CommandLine {
  readonly words: readonly string[];
  readonly flags: readonly WrittenFlag[];
}

interface WrittenFlag {
  readonly name: string;
  /** With its dashes, as it was written. */
  readonly raw: string;
  /** The word that it stands in: short flags may share one. */
  readonly word: string;
  readonly value: string | undefined;
  /** The value was attached with `=`. */
  readonly inline: boolean;
}

/** Splits words from flags. Flags may stand anywhere; after `--` there are only words. */
export function splitCommandLine(argv: readonly string[], commands: readonly Command[]): CommandLine {
  const flags = [...globalFlags, ...commands.flatMap((command) => command.flags)];
  const options = Object.fromEntries(
    flags.map(({ name, short, value }) => [
      name,
      {
        type: value === undefined ? "boolean" : "string",
        ...(short === undefined ? {} : { short }),
      } as const,
    ]),
  );
  const args = withOptionalValues(argv, flags);
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true });
  return {
    words: tokens.flatMap((token) => (token.kind === "positional" ? [token.value] : [])),
    flags: tokens.flatMap((token) =>
      token.kind === "option"
        ? [
            {
              ...{ name: token.name, raw: token.rawName, word: args[token.index] ?? token.rawName },
              ...{ value: token.value, inline: token.inlineValue === true },
            },
          ]
        : [],
    ),
  };
}

/** The flags that name a vgpud, also where the rest of the line is wrong. */
export function targetWritten({ flags }: CommandLine): string[] {
  return targetWords((flag) => flags.find(({ name }) => name === flag)?.value);
}

/** The command that the first words name; undefined without a word. */
export function findCommand(
  { words, flags }: CommandLine,
  commands: readonly Command[],
): Command | undefined {
  const [name] = words;
  if (name === undefined) return undefined;
  const command = commands.find((candidate) =>
    wordsOf(candidate).every((word, index) => words[index] === word),
  );
  if (command !== undefined) return command;
  // A mistyped flag leaves its value behind as a word: the flag is what is wrong then.
  const known = [...globalFlags, ...commands.flatMap((candidate) => candidate.flags)];
  const mistyped = flags.find((written) => !known.some((flag) => flag.name === written.name));
  if (mistyped !== undefined) throw unknownFlag(mistyped, known);
  const meant = Object.hasOwn(meantCommands, name) ? meantCommands[name] : undefined;
  if (meant !== undefined)
    throw usageError(
      `there is no command '${name}'`,
      shellLine(["vgpuctl", meant, ...words.slice(1), ...flags.flatMap(flagWords)]),
    );
  const group = groupsOf(commands).find(({ word }) => word === name);
  if (group !== undefined) throw unknownInGroup(group, words[1]);
  throw usageError(`there is no command '${name}'`, didYouMean(name, firstWords(commands)) ?? "vgpuctl help");
}

function unknownInGroup(group: Group<Command>, given: string | undefined): Error {
  const inside = wordsIn(group);
  const help = `vgpuctl help ${group.word}`;
  if (given === undefined) return usageError(`${group.word} takes one of ${inside.join(", ")}`, help);
  return usageError(`there is no command '${group.word} ${given}'`, didYouMean(given, inside) ?? help);
}

function flagWords({ raw, value, inline }: WrittenFlag): readonly string[] {
  if (value === undefined) return [raw];
  return inline && raw.startsWith("--") ? [`${raw}=${value}`] : [raw, value];
}

/** Checks flags and operands against what the command takes. */
export function readArguments({ words, flags }: CommandLine, command: Command): Arguments {
  const known = [...globalFlags, ...command.flags];
  const values = new Map<string, readonly string[]>();
  for (const written of flags) {
    const flag = known.find(({ name }) => name === written.name);
    if (flag === undefined) throw unknownFlag(written, known);
    const before = values.get(flag.name) ?? [];
    if (before.length > 0 && !flag.many) throw usageError(`--${flag.name} is given twice`);
    values.set(flag.name, [...before, flagValue(flag, written)]);
  }
  const operands = words.slice(wordsOf(command).length);
  if (!values.has("help")) checkOperands(operands, command);
  return new Arguments(operands, values);
}

const BELOW_ZERO = /^-\d/;

function flagValue(flag: Flag, { value, inline }: WrittenFlag): string {
  if (flag.value === undefined) {
    if (value !== undefined) throw usageError(`--${flag.name} takes no value`);
    return "";
  }
  const mistaken = value?.startsWith("-") === true && value !== "-" && !inline;
  if (value === undefined || mistaken) {
    const below = BELOW_ZERO.test(value ?? "") ? `no number here is below 0, as ${value} is; ` : "";
    const how = `${below}for one that begins with '-', write --${flag.name}=${flag.value}`;
    throw usageError(`--${flag.name} needs a value: ${flag.value}`, mistaken ? how : undefined);
  }
  if (value === "" && flag.optionalValue === undefined) throw usageError(`--${flag.name} has an empty value`);
  return value;
}

function unknownFlag({ raw, word, name }: WrittenFlag, known: readonly Flag[]): Error {
  if (BELOW_ZERO.test(raw)) return usageError(`no number here is below 0, as ${word} is`);
  // Who knows the contract may name the field that a flag sets.
  const sets = known.find(({ field }) => field?.split(".").at(-1)?.replaceAll("_", "-") === name);
  const names = known.map((flag) => `--${flag.name}`);
  const hint = sets === undefined ? didYouMean(raw, names) : `did you mean --${sets.name}?`;
  return usageError(`there is no flag '${raw}' here`, hint);
}

function checkOperands(operands: readonly string[], command: Command): void {
  const missing = command.operands.find(({ required }, index) => required && operands[index] === undefined);
  if (missing !== undefined) throw usageError(`${missing.name} is missing: ${missing.help}`);
  const extra = command.operands.at(-1)?.many ? undefined : operands[command.operands.length];
  if (extra !== undefined) throw usageError(`unexpected argument '${extra}'`);
}

/** parseArgs knows no flag whose value may be left out: such a flag gets `=`, and the next word if that is its value. */
function withOptionalValues(argv: readonly string[], flags: readonly Flag[]): string[] {
  const args: string[] = [];
  const end = argv.indexOf("--");
  for (let index = 0; index < argv.length; index += 1) {
    const arg = argv[index] ?? "";
    const takes = flags.find(({ name }) => arg === `--${name}`)?.optionalValue;
    if (takes === undefined || (end !== -1 && index > end)) {
      args.push(arg);
      continue;
    }
    const next = argv[index + 1] ?? "";
    const given = takes(next);
    args.push(`${arg}=${given ? next : ""}`);
    if (given) index += 1;
  }
  return args;
}
