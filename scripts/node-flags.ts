// The flags of Node.js that a program asks for in its first line: whoever starts it by another way passes them on.

/** `program` is its text, beginning as `#!/usr/bin/env -S node --flag`; empty when that line names none. */
export function nodeFlags(program: string): readonly string[] {
  const flags = /^#!\S+ -S node ([^\n]+)/.exec(program)?.[1];
  return flags === undefined ? [] : flags.trim().split(/ +/);
}
