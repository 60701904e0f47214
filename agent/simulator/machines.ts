// Descriptions of common machines that come with the package, each a HOST.yaml by a name.
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { parseHost } from "./host-yaml.ts";

/** The machine that is simulated when none is named. */
export const DEFAULT_MACHINE = "desktop-coffee-lake";

/** The build does not copy YAML: compiled, this file lies three folders below the package. */
const FOLDER = fileURLToPath(new URL("../../../agent/simulator/machines/", import.meta.url));
const EXTENSION = ".yaml";
/** What is a name and not a path. */
const NAME = /^[a-z0-9-]+$/;

/** By name. */
export async function machineNames(): Promise<readonly string[]> {
  const files = await readdir(FOLDER);
  return files
    .filter((file) => file.endsWith(EXTENSION))
    .map((file) => path.basename(file, EXTENSION))
    .sort();
}

export interface HostText {
  readonly yaml: string;
  /** The file that it is from. */
  readonly origin: string;
}

/**
 * The description that a word of the command line stands for: a machine of the package, or a file.
 * @throws Error when there is none
 */
export async function readHost(word: string): Promise<HostText> {
  const names = await machineNames();
  const origin = NAME.test(word) && names.includes(word) ? path.join(FOLDER, word + EXTENSION) : word;
  try {
    return { yaml: await readFile(origin, "utf8"), origin };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot use the host ${word}: ${why}; machines that have a name: ${names.join(", ")}`, {
      cause: error,
    });
  }
}

/** One line for each machine: its name and what it is. */
export async function listMachines(): Promise<string> {
  const names = await machineNames();
  const width = Math.max(...names.map((name) => name.length));
  const lines = await Promise.all(
    names.map(async (name) => {
      const { yaml, origin } = await readHost(name);
      return `${name.padEnd(width)}  ${parseHost(yaml, origin).about}\n`;
    }),
  );
  return lines.join("");
}
