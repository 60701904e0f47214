// `vgpuctl completion`
import { usageError } from "../errors/cli-error.ts";
import type { Command, LocalCommand } from "../command.ts";
import { completionScript, shells } from "../completion/shells.ts";
import { didYouMean } from "../../core/suggest.ts";

/** The command that describes the table it stands in, which is therefore asked for late. */
export function completionCommand(table: () => readonly Command[]): LocalCommand {
  return {
    kind: "local",
    name: "completion",
    summary: "print a script with which a shell completes vgpuctl; the Debian package has them installed",
    operands: [
      {
        name: "SHELL",
        required: true,
        help: shells.join(", "),
        offer: { kind: "words", words: shells },
      },
    ],
    flags: [],
    examples: [
      "source <(vgpuctl completion bash)",
      'vgpuctl completion zsh > "${fpath[1]}/_vgpuctl"',
      "vgpuctl completion fish > ~/.config/fish/completions/vgpuctl.fish",
    ],
    run: (args) => {
      const shell = shells.find((name) => name === args.operand());
      if (shell === undefined)
        throw usageError(
          `there is no completion for '${args.operand()}': SHELL is ${shells.join(", ")}`,
          didYouMean(args.operand(), shells),
        );
      const script = completionScript(shell, table());
      return { json: { script }, text: [{ kind: "lines", lines: script.trimEnd().split("\n") }] };
    },
  };
}
