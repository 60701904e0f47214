// Flags over files over defaults: the configuration as it holds now.
import { effective, settingsOfFlags, type Effective, type Given } from "./effective.ts";
import { configFiles, namedFile, type ConfigFile } from "./files.ts";
import { ConfigError } from "./problem.ts";
import { readYaml } from "./read-yaml.ts";

export interface Sources {
  /** This file and no other; undefined: the main file and the drop-ins of the system. */
  readonly file: string | undefined;
  /** Below which the system's files are looked for; undefined: they are not read at all. */
  readonly root: string | undefined;
  readonly flags: readonly Given[];
}

/** @throws ConfigError with everything that is wrong in any of the sources */
export async function loadConfig({ file, root, flags }: Sources): Promise<Effective> {
  if (file !== undefined) return combine([await namedFile(file)], flags);
  return combine(root === undefined ? [] : await configFiles(root), flags);
}

/** `files` from the least to the most important. @throws ConfigError */
export function combine(files: readonly ConfigFile[], flags: readonly Given[]): Effective {
  const read = files.map(({ name, text }) => readYaml(text, name));
  const problems = read.flatMap((one) => one.problems);
  const settings = [...read.flatMap((one) => one.settings), ...settingsOfFlags(flags, problems)];
  if (problems.length > 0) throw new ConfigError(problems);
  return effective(
    settings,
    files.map(({ name }) => name),
  );
}
