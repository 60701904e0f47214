// Command lines to copy from a hint: quoted for a POSIX shell, aimed at the same vgpud.
const BARE = /^[\w@%+=:,./-]+$/;

export function shellLine(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

/** A command line of vgpuctl, as words, with the flags that name a vgpud. */
export function lineFor(target: readonly string[]): (...words: readonly string[]) => string {
  return (...words) => shellLine(["vgpuctl", ...target, ...words]);
}

/** The same command again, with flags that vgpuctl filled in. */
export function retryLine(argv: readonly string[], filled: readonly string[]): string {
  const end = argv.indexOf("--");
  const at = end === -1 ? argv.length : end;
  return shellLine(["vgpuctl", ...argv.slice(0, at), ...filled, ...argv.slice(at)]);
}

/** The words without a flag that takes a value, and its value. */
export function withoutFlag(argv: readonly string[], flag: string): readonly string[] {
  const end = argv.indexOf("--");
  return argv.filter((word, index) => {
    if (end !== -1 && index >= end) return true;
    return word !== `--${flag}` && !word.startsWith(`--${flag}=`) && argv[index - 1] !== `--${flag}`;
  });
}

function quoted(word: string): string {
  return BARE.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
