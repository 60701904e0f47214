// The script for bash 4.4 and later. It needs nothing of bash-completion, which loads it by its name.
import type { Command, Flag, Offer } from "../command.ts";
import { firstWords, groupsOf, wordsIn } from "../line/command-words.ts";
import { globalFlags } from "../line/global-flags.ts";
import { aiming, ASK, everyFlag, offeredWords, spellings, takesNextWord } from "./described.ts";

export function bashScript(commands: readonly Command[]): string {
  const flags = everyFlag(commands);
  const withValue = flags.filter(takesNextWord);
  const groups = groupsOf(commands);
  return `# bash completion for vgpuctl, made by: vgpuctl completion bash

_vgpuctl_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

_vgpuctl_files() {
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_vgpuctl() {
  # The words as they stand on the line: bash takes addresses apart at their colons.
  local line="\${COMP_LINE:0:COMP_POINT}" words cur prev command="" operands=0 i
  local -a target=()
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  cur="\${words[-1]}" prev="\${words[-2]}"
  for ((i = 1; i < \${#words[@]} - 1; i++)); do
    case "\${words[i]}" in
      # The words are as they were typed: nobody has made a path of ~/ yet.
      ${aiming.join(" | ")}) target+=("\${words[i]}" "\${words[i + 1]/#~\\//$HOME/}") && ((i++)) ;;
      ${aiming.map((flag) => `${flag}=*`).join(" | ")}) target+=("\${words[i]}") ;;
      ${patterns(withValue.filter(({ name }) => !aiming.includes(`--${name}`)))}) ((i++)) ;;
      -*) ;;
      *)
        case "$command" in
          "") command="\${words[i]}" ;;
${groups.map(({ word }) => `          ${word}) command+=" \${words[i]}" ;;\n`).join("")}          *) ((operands++)) ;;
        esac
        ;;
    esac
  done
  COMPREPLY=()
  if [[ $cur == --*=* ]]; then
    prev="\${cur%%=*}" cur="\${cur#*=}"
  fi
  _vgpuctl_offer
  # What stands before the last colon stays on the line.
  local kept="\${cur%"\${cur##*:}"}"
  [[ $COMP_WORDBREAKS == *:* && -n $kept ]] && COMPREPLY=("\${COMPREPLY[@]#"$kept"}")
  return 0
}

_vgpuctl_offer() {
  case "$command/$prev" in
${flags
  .filter((flag) => flag.value !== undefined)
  .flatMap((flag) => valueLines(flag, commands))
  .join("\n")}
  esac
  if [[ $cur == -* ]]; then
    case "$command" in
${commands.map((command) => `      ${pattern(command)}) _vgpuctl_words '${spelled(command)}' "$cur" ;;`).join("\n")}
      *) _vgpuctl_words '${spelled({ flags: [] })}' "$cur" ;;
    esac
    return
  fi
  case "$command/$operands" in
    /0) _vgpuctl_words '${firstWords(commands).join(" ")}' "$cur" ;;
${groups.map((group) => `    ${group.word}/0) _vgpuctl_words '${wordsIn(group).join(" ")}' "$cur" ;;\n`).join("")}${commands.flatMap((command) => operandLines(command, commands)).join("\n")}
  esac
}

complete -F _vgpuctl vgpuctl
`;
}

/** A flag may offer one command other words than another. */
function valueLines(flag: Flag, commands: readonly Command[]): readonly string[] {
  const takers = new Map<string, string[]>();
  for (const command of commands)
    for (const { offer } of command.flags.filter((each) => each.name === flag.name)) {
      const offers = offering(offer, commands);
      takers.set(offers, [...(takers.get(offers) ?? []), pattern(command)]);
    }
  const line = (names: readonly string[], offers: string): string => {
    const places = names.flatMap((name) => spellings(flag).map((spelling) => `${name}/${spelling}`));
    return `    ${places.join(" | ")}) ${offers}; return ;;`;
  };
  if (takers.size < 2) return [line(["*"], offering(flag.offer, commands))];
  return [...takers].map(([offers, names]) => line(names, offers));
}

function operandLines(command: Command, commands: readonly Command[]): readonly string[] {
  return command.operands.flatMap(({ offer, many }, index) =>
    offer === undefined
      ? []
      : [`    ${pattern(command)}/${many ? "*" : index}) ${offering(offer, commands)} ;;`],
  );
}

/** One command that fills COMPREPLY; \`:\` for nothing. */
function offering(offer: Offer | undefined, commands: readonly Command[]): string {
  if (offer === undefined) return ":";
  if (offer.kind === "files") return '_vgpuctl_files "$cur"';
  const words = offeredWords(offer, commands);
  if (words !== undefined) return `_vgpuctl_words '${words.join(" ")}' "$cur"`;
  const live = offer.kind === "live" ? offer.what : "";
  return `_vgpuctl_words "$(${ASK} "\${target[@]}" ${live} 2>/dev/null)" "$cur"`;
}

/** Its name as a pattern of `case`. */
function pattern({ name }: Command): string {
  return name.replaceAll(" ", "\\ ");
}

function patterns(flags: readonly Flag[]): string {
  return flags.flatMap(spellings).join(" | ");
}

/** The long names: a short one is no quicker to complete than to type. */
function spelled({ flags }: Pick<Command, "flags">): string {
  return [...flags, ...globalFlags].map(({ name }) => `--${name}`).join(" ");
}
