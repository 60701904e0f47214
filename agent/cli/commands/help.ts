// `vgpuctl help`
import { usageError } from "../errors/cli-error.ts";
import type { Command, LocalCommand } from "../command.ts";
import { commandHelp, mainHelp } from "../line/help.ts";
import { didYouMean } from "../../core/suggest.ts";

/** The command that describes the table it stands in, which is therefore asked for late. */
export function helpCommand(table: () => readonly Command[]): LocalCommand {
  return {
    kind: "local",
    name: "help",
    summary: "show all commands, or one",
    operands: [
      { name: "COMMAND", required: false, help: "the command to explain", offer: { kind: "commands" } },
    ],
    flags: [],
    examples: ["vgpuctl help create"],
    run: (args) => {
      const [name] = args.operands;
      const command = table().find((candidate) => candidate.name === name);
      if (name !== undefined && command === undefined) {
        const names = table().map((candidate) => candidate.name);
        throw usageError(`there is no command ${name}`, didYouMean(name, names));
      }
      const help = command === undefined ? mainHelp(table()) : commandHelp(command);
      return { json: { help }, text: [{ kind: "lines", lines: help.trimEnd().split("\n") }] };
    },
  };
}
