// How a program asks to be started, in its first line: whoever starts it by another way does the same.

export interface ProgramStart {
  readonly environment: Readonly<Record<string, string>>;
  /** Of Node.js. */
  readonly flags: readonly string[];
}

/** `program` is its text, beginning as `#!/usr/bin/env -S NAME=value node --flag`; nothing for what that line does not name. */
export function programStart(program: string): ProgramStart {
  const [, assignments = "", flags = ""] =
    /^#!\S+ -S ((?:[A-Z_]+=\S+ )*)node(?: ([^\n]+))?\n/.exec(program) ?? [];
  const environment = wordsOf(assignments).map((word) => word.split(/=(.*)/s).slice(0, 2));
  return { environment: Object.fromEntries(environment) as Record<string, string>, flags: wordsOf(flags) };
}

function wordsOf(line: string): readonly string[] {
  return line.split(" ").filter((word) => word !== "");
}
