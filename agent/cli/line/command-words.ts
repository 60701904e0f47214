// Commands by their words: most have one, those of a group the group's word before their own, as `schedule create`. Pure.

interface Named {
  readonly name: string;
}

export function wordsOf({ name }: Named): readonly string[] {
  return name.split(" ");
}

/** What a command line may begin with, each once. */
export function firstWords(commands: readonly Named[]): readonly string[] {
  return [...new Set(commands.map((command) => wordsOf(command)[0] ?? ""))];
}

export interface Group<Command> {
  readonly word: string;
  readonly commands: readonly Command[];
}

export function groupsOf<Command extends Named>(commands: readonly Command[]): readonly Group<Command>[] {
  return firstWords(commands).flatMap((word) => {
    const own = commands.filter(({ name }) => name.startsWith(`${word} `));
    return own.length === 0 ? [] : [{ word, commands: own }];
  });
}

/** The last words of a group's commands. */
export function wordsIn({ commands }: Group<Named>): readonly string[] {
  return commands.map((command) => wordsOf(command).slice(1).join(" "));
}
