// Where configuration files lie and which of them count (uapi-group configuration_files_specification).
import { isUtf8 } from "node:buffer";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { messageOf } from "../core/errors.ts";
import { ConfigError } from "./problem.ts";

export interface ConfigFile {
  /** As it is called in messages: below the lookup root, the root included. */
  readonly name: string;
  readonly text: string;
}

/** The vendor's, what was made for this boot, the operator's: a later one wins. */
const FOLDERS = ["usr/lib/vgpud", "run/vgpud", "etc/vgpud"];
const MAIN = "config.yaml";
const DROP_INS = "config.yaml.d";
const MAX_BYTES = 1024 * 1024;

/** The file that the operator named, alone. @throws ConfigError */
export async function namedFile(file: string): Promise<ConfigFile> {
  const text = await read(file);
  if (text === undefined) throw new ConfigError([{ where: file, what: "no such file" }]);
  return { name: file, text };
}

/**
 * The main file and the drop-ins below `root`, from the least to the most important; none when there are none.
 * A file hides those of its name in less important folders; one that is empty, or a link to /dev/null, hides and says nothing.
 * @throws ConfigError for a root that is no folder, and for a file or folder that is there and cannot be read
 */
export async function configFiles(root: string): Promise<ConfigFile[]> {
  await checkRoot(root);
  const main = await winner(FOLDERS.map((folder) => path.join(root, folder, MAIN)));
  const places = new Map<string, string[]>();
  for (const folder of FOLDERS.map((one) => path.join(root, one, DROP_INS)))
    for (const name of await dropInsOf(folder))
      places.set(name, [...(places.get(name) ?? []), path.join(folder, name)]);
  const names = [...places.keys()].sort();
  const dropIns = await Promise.all(names.map((name) => winner(places.get(name) ?? [])));
  return [main, ...dropIns].filter((file) => file !== undefined);
}

/** A mistyped root would be taken for one without files. */
async function checkRoot(root: string): Promise<void> {
  const isFolder = await stat(root).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      if (isAbsent(error)) return false;
      throw unreadable(root, error);
    },
  );
  if (!isFolder) throw new ConfigError([{ where: root, what: "no such folder" }]);
}

/** The last that exists; undefined when none does or it is a mask. */
async function winner(candidates: readonly string[]): Promise<ConfigFile | undefined> {
  for (const file of candidates.toReversed()) {
    const text = await read(file);
    if (text !== undefined) return text === "" ? undefined : { name: file, text };
  }
  return undefined;
}

async function dropInsOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith(".yaml") && !name.startsWith("."));
  } catch (error) {
    if (isAbsent(error)) return [];
    throw unreadable(folder, error);
  }
}

/** Undefined when there is no such file; empty for a link to /dev/null, whatever lies there below a root. */
async function read(file: string): Promise<string | undefined> {
  try {
    if ((await realpath(file)) === "/dev/null") return "";
    const bytes = await readFile(file);
    if (bytes.length > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
    if (!isUtf8(bytes) || bytes.includes(0)) throw new Error("it is no text in UTF-8");
    return bytes.toString("utf8");
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw unreadable(file, error);
  }
}

function unreadable(where: string, cause: unknown): ConfigError {
  return new ConfigError([{ where, what: `cannot be read: ${messageOf(cause)}` }], { cause });
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}
