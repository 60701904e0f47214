// `vgpuctl help`
import { usageError } from "../errors/cli-error.ts";
import type { Command, LocalCommand } from "../command.ts";
import { firstWords, groupsOf } from "../line/command-words.ts";
import { commandHelp, groupHelp, mainHelp } from "../line/help.ts";
import { didYouMean } from "../../core/suggest.ts";

/** The command that describes the table it stands in, which is therefore asked for late. */
export function helpCommand(table: () => readonly Command[]): LocalCommand {
  return {
    kind: "local",
    name: "help",
    summary: "show all commands, or one",
    operands: [
      {
        name: "COMMAND",
        required: false,
        many: true,
        help: "the command to explain, or the first word of several",
        offer: { kind: "commands" },
      },
    ],
    flags: [],
    examples: ["vgpuctl help create"],
    run: (args) => {
      const help = helpOf(args.operands.join(" "), table());
      return { json: { help }, text: [{ kind: "lines", lines: help.trimEnd().split("\n") }] };
    },
  };
}

function helpOf(name: string, commands: readonly Command[]): string {
  if (name === "") return mainHelp(commands);
  const command = commands.find((candidate) => candidate.name === name);
  if (command !== undefined) return commandHelp(command);
  const group = groupsOf(commands).find(({ word }) => word === name);
  if (group !== undefined) return groupHelp(group);
  const names = [...firstWords(commands), ...commands.map((candidate) => candidate.name)];
  throw usageError(`there is no command ${name}`, didYouMean(name, names));
}
