// The script for zsh: a file of its fpath, or one that is sourced.
import type { Command, Flag, Offer, Operand } from "../command.ts";
import { firstWords, groupsOf, wordsIn, wordsOf, type Group } from "../line/command-words.ts";
import { globalFlags } from "../line/global-flags.ts";
import { aiming, ASK, offeredWords, singleQuoted, spellings } from "./described.ts";

export function zshScript(commands: readonly Command[]): string {
  const globals = globalFlags.map((flag) => flagSpec(flag, commands));
  return `#compdef vgpuctl
# zsh completion for vgpuctl, made by: vgpuctl completion zsh

_vgpuctl_live() {
  # Of the whole line: \`words\` has been taken apart.
  local -a typed target found
  typed=(\${(z)BUFFER})
  local flag at
  for flag in ${aiming.join(" ")}; do
    at=\${typed[(I)$flag]}
    (( at )) && target+=($flag "\${\${(Q)typed[at + 1]}/#\\~\\//$HOME/}")
    target+=(\${(M)typed:#$flag=*})
  done
  found=(\${(f)"$(${ASK} "\${target[@]}" $1 2>/dev/null)"})
  compadd -a found
}

_vgpuctl() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  local -a globals
  globals=(
${indented(globals, 4)}
  )
  _arguments -C $globals '1: :->command' '*:: :->argument' && return
  case $state in
    command)
      local -a commands
      commands=(
${indented(firstDescribed(commands), 8)}
      )
      _describe command commands
      ;;
    argument)
      case $words[1] in
${[...commands.filter((command) => wordsOf(command).length === 1), ...groupsOf(commands)]
  .map((each) => ("word" in each ? groupCase(each, commands) : commandCase(each, commands)))
  .join("\n")}
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _vgpuctl ]]; then
  _vgpuctl "$@"
else
  compdef _vgpuctl vgpuctl
fi
`;
}

/** A group by what may stand behind it. */
function firstDescribed(commands: readonly Command[]): readonly string[] {
  const groups = groupsOf(commands);
  return firstWords(commands).map((word) => {
    const group = groups.find((each) => each.word === word);
    const summary = commands.find(({ name }) => name === word)?.summary;
    return singleQuoted(`${word}:${group ? wordsIn(group).join(", ") : (summary ?? "")}`);
  });
}

function groupCase(group: Group<Command>, commands: readonly Command[]): string {
  const words = wordsIn(group);
  const described = group.commands.map(({ summary }, index) =>
    singleQuoted(`${words[index] ?? ""}:${summary}`),
  );
  return `        ${group.word})
          if (( CURRENT == 2 )); then
            local -a commands
            commands=(
${indented(described, 14)}
            )
            _describe command commands
          else
            shift words
            (( CURRENT-- ))
            case $words[1] in
${indented(
  group.commands
    .map((command) => commandCase(command, commands))
    .join("\n")
    .split("\n"),
  6,
)}
            esac
          fi
          ;;`;
}

function commandCase({ flags, operands, ...command }: Command, commands: readonly Command[]): string {
  const specs = [
    ...flags.map((flag) => flagSpec(flag, commands)),
    ...operands.map((operand, index) => operandSpec(operand, index, commands)),
  ];
  const given = specs.map((spec) => ` \\\n            ${spec}`).join("");
  return `        ${wordsOf(command).at(-1) ?? ""}) _arguments $globals${given} ;;`;
}

/** `'(-o --output)'{-o+,--output=}'[what it does]:FORMAT:(table json)'`: a value is the next word or stands behind a `=`. */
function flagSpec(flag: Flag, commands: readonly Command[]): string {
  const { value, optionalValue, help, offer } = flag;
  const colon = optionalValue === undefined ? ":" : "::";
  const argument = value === undefined ? "" : `${colon}${escaped(value)}:${action(offer, commands)}`;
  const text = singleQuoted(`[${escaped(help)}]${argument}`);
  const names = spellings(flag);
  const taking = names.map((name) => `${name}${valueMark(flag, name)}`);
  if (names.length === 1) return `${flag.many ? "'*'" : ""}${taking.join("")}${text}`;
  return `${singleQuoted(`(${names.join(" ")})`)}{${taking.join(",")}}${text}`;
}

function valueMark({ value, optionalValue }: Flag, name: string): string {
  if (value === undefined) return "";
  if (optionalValue !== undefined) return "=-";
  return name.startsWith("--") ? "=" : "+";
}

function operandSpec(operand: Operand, index: number, commands: readonly Command[]): string {
  const place = operand.many ? "*" : String(index + 1);
  return singleQuoted(`${place}:${escaped(operand.name)}:${action(operand.offer, commands)}`);
}

function action(offer: Offer | undefined, commands: readonly Command[]): string {
  if (offer === undefined) return " ";
  if (offer.kind === "files") return "_files";
  if (offer.kind === "live") return `{_vgpuctl_live ${offer.what}}`;
  return `(${(offeredWords(offer, commands) ?? []).join(" ")})`;
}

/** What means something to _arguments. */
function escaped(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&");
}

function indented(lines: readonly string[], width: number): string {
  return lines.map((line) => `${" ".repeat(width)}${line}`).join("\n");
}
