// The script for fish 3 and later.
import type { Command, Flag, Offer } from "../command.ts";
import { groupsOf, wordsIn, wordsOf } from "../line/command-words.ts";
import { globalFlags } from "../line/global-flags.ts";
import { aiming, ASK, everyFlag, offeredWords, spellings, takesNextWord } from "./described.ts";

export function fishScript(commands: readonly Command[]): string {
  const withValue = everyFlag(commands).filter(takesNextWord);
  const groups = groupsOf(commands);
  return `# fish completion for vgpuctl, made by: vgpuctl completion fish

function __vgpuctl_command
    set -l skip 0
    set -l command
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case ${withValue.flatMap(spellings).join(" ")}
                set skip 1
            case '-*'
            case '*'
                set -a command $word
                contains -- "$command" ${groups.map(({ word }) => word).join(" ")}; or break
        end
    end
    string join ' ' -- $command
end

function __vgpuctl_is
    set -l command (__vgpuctl_command)
    test "$command" = "$argv[1]"
end

function __vgpuctl_live
    set -l target
    set -l words (commandline -opc)
    for i in (seq (count $words))
        switch $words[$i]
            case ${aiming.join(" ")}
                set -l next (math $i + 1)
                set -a target $words[$i] (string replace -r '^~/' "$HOME/" -- $words[$next])
            case ${aiming.map((flag) => `'${flag}=*'`).join(" ")}
                set -a target $words[$i]
        end
    end
    ${ASK} $target $argv[1] 2>/dev/null
end

complete -c vgpuctl -f
${[
  ...globalFlags.map((flag) => flagLine(flag, "", commands)),
  ...groups.map((group) => wordLine("", group.word, wordsIn(group).join(", "))),
  ...commands.flatMap((command) => commandLines(command, commands)),
].join("\n")}
`;
}

function commandLines(command: Command, commands: readonly Command[]): readonly string[] {
  const { name, summary, flags, operands } = command;
  const words = wordsOf(command);
  const within = ` -n '__vgpuctl_is ${words.length === 1 ? name : `"${name}"`}'`;
  const offers = operands.flatMap(({ offer }) => (offer === undefined ? [] : [offer]));
  return [
    wordLine(words.slice(0, -1).join(" "), words.at(-1) ?? "", summary),
    ...flags.map((flag) => flagLine(flag, within, commands)),
    ...offers.map((offer) => `complete -c vgpuctl${within}${offering(offer, commands)}`),
  ];
}

/** What may stand behind these words. */
function wordLine(behind: string, word: string, described: string): string {
  return `complete -c vgpuctl -n '__vgpuctl_is "${behind}"' -a ${word} -d ${quoted(described)}`;
}

function flagLine(flag: Flag, within: string, commands: readonly Command[]): string {
  const { name, short, offer, help } = flag;
  const shortText = short === undefined ? "" : ` -s ${short}`;
  const value = takesNextWord(flag) ? flagValue(offer, commands) : "";
  return `complete -c vgpuctl${within} -l ${name}${shortText}${value} -d ${quoted(help)}`;
}

/** Nothing else is offered for it than what is said. */
function flagValue(offer: Offer | undefined, commands: readonly Command[]): string {
  if (offer === undefined) return " -x";
  return `${offering(offer, commands)} ${offer.kind === "files" ? "-r" : "-x"}`;
}

function offering(offer: Offer, commands: readonly Command[]): string {
  if (offer.kind === "files") return " -F";
  if (offer.kind === "live") return ` -a '(__vgpuctl_live ${offer.what})'`;
  return ` -a ${quoted((offeredWords(offer, commands) ?? []).join(" "))}`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
