// The help, made from the table of commands.
import type { Command, Flag, Operand } from "../command.ts";
import { errorKeys } from "../errors/error-json.ts";
import { exitCodes, exitCodeWords } from "../errors/exit-codes.ts";
import { targetFlags } from "../client/target.ts";
import type { Group } from "./command-words.ts";
import { globalFlags } from "./global-flags.ts";

/** Where a line of the help ends. */
const WIDTH = 100;
/** Names longer than this stand on a line of their own. */
const NAME_WIDTH = 22;

export function mainHelp(commands: readonly Command[]): string {
  return [
    "vgpuctl shows and changes the vGPUs and domains of this host, through vgpud.",
    "",
    "Usage: vgpuctl COMMAND [FLAGS]",
    "",
    "Examples:",
    "  vgpuctl gpus",
    ...commands.filter(({ name }) => name === "create" || name === "destroy").flatMap(firstExample),
    "",
    "Commands:",
    ...commands.flatMap(commandEntry),
    "",
    "Flags of every command:",
    ...globalFlags.flatMap(flagEntry),
    "",
    "Exit codes:",
    ...Object.entries(exitCodes).flatMap(([ending, code]) => exitEntry(ending, code)),
    "",
    'With -o json an error is one document on stderr, {"schema_version": 1, "error": {...}}; its keys, null if not known:',
    ...Object.entries(errorKeys).flatMap(([key, help]) => entry(key, help)),
    "",
    "Scripts can rely on it: while schema_version is 1, keys of -o json and yaml are only added; none goes, changes its",
    "type or its meaning.",
    "",
    "vgpuctl help COMMAND explains one command.",
    "",
  ].join("\n");
}

/** The commands of a group. */
export function groupHelp({ word, commands }: Group<Command>): string {
  const help = `vgpuctl help ${word} COMMAND explains one of them.`;
  return [`Usage: vgpuctl ${word} COMMAND [FLAGS]`, "", ...commands.flatMap(commandEntry), "", help, ""].join(
    "\n",
  );
}

export function commandHelp(command: Command): string {
  const { name, summary, operands, flags, forms = {}, examples } = command;
  return [
    `vgpuctl ${name}: ${summary}`,
    "",
    usageLine(command),
    "",
    "Examples:",
    ...examples.map((example) => `  ${example}`),
    ...section(
      "Arguments:",
      operands.flatMap((operand) => entry(operand.name, operand.help)),
    ),
    ...section("Flags:", flags.flatMap(flagEntry)),
    ...section(
      "Outputs beside table, wide, json and yaml:",
      Object.entries(forms).flatMap(([form, prints]) => entry(`-o ${form}`, prints)),
    ),
    ...section("Flags of every command:", globalFlagsOf(command).flatMap(flagEntry)),
    "",
  ].join("\n");
}

/** One that writes by itself may have no format to choose, and one that asks others than one vgpud has none to name. */
function globalFlagsOf(command: Command): readonly Flag[] {
  const without: readonly string[] = [
    ...(command.kind === "live" && command.documents !== true ? ["output"] : []),
    ...(command.kind === "remote" ? targetFlags : []),
  ];
  return globalFlags.filter(({ name }) => !without.includes(name));
}

/** `Usage: vgpuctl stop REF [FLAGS]` */
export function usageLine({ name, operands }: Command): string {
  return `Usage: ${["vgpuctl", name, ...operands.map(operandText), "[FLAGS]"].join(" ")}`;
}

/** `NAME`, `NAME...` where there may be many, or `[NAME]` where it may be left out. */
export function operandText({ name, required, many }: Operand): string {
  const text = many ? `${name}...` : name;
  return required ? text : `[${text}]`;
}

function commandEntry({ name, operands, summary }: Command): readonly string[] {
  return entry([name, ...operands.map(operandText)].join(" "), summary);
}

function firstExample({ examples }: Command): readonly string[] {
  return examples.slice(0, 1).map((example) => `  ${example}`);
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ["", title, ...lines];
}

function flagEntry(flag: Flag): readonly string[] {
  return entry(flagText(flag), flag.help);
}

/** `-o, --output FORMAT` */
export function flagText({ name, short, value, optionalValue }: Flag): string {
  const shortText = short === undefined ? "" : `-${short}, `;
  const valueText = value === undefined ? "" : optionalValue === undefined ? ` ${value}` : `[=${value}]`;
  return `${shortText}--${name}${valueText}`;
}

function exitEntry(ending: string, code: number): readonly string[] {
  const words = Object.entries(exitCodeWords).find(([name]) => name === ending)?.[1] ?? "";
  return [`  ${String(code).padStart(3)}  ${words}`];
}

function entry(name: string, help: string): readonly string[] {
  const indent = " ".repeat(NAME_WIDTH + 4);
  const [first = "", ...rest] = wrapped(help, WIDTH - indent.length);
  const following = rest.map((line) => `${indent}${line}`);
  if (name.length > NAME_WIDTH) return [`  ${name}`, `${indent}${first}`, ...following];
  return [`  ${name.padEnd(NAME_WIDTH)}  ${first}`, ...following];
}

function wrapped(text: string, width: number): readonly string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}
