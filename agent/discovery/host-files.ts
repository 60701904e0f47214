// What discovery asks of the machine: reads of small files below the host root. Implemented in host/files.ts.

/** Paths are relative to the host root, without a leading slash: `sys/class/mdev_bus`. */
export interface HostFiles {
  /**
   * The text without its trailing newline; undefined when there is no such file. Throws when it cannot be read, is not
   * UTF-8, or is much longer than anything the kernel writes.
   */
  read(path: string): Promise<string | undefined>;
  /** As `read`, where `read` does not throw: of a file that tells which objects there are. */
  readOrThrow?(path: string): Promise<string | undefined>;
  /** Names in a directory, sorted; empty when there is none. */
  list(path: string): Promise<string[]>;
  /** The last component of what a symbolic link points to; undefined when there is no link. */
  linkName(path: string): Promise<string | undefined>;
  /** The name of the directory that holds what a symbolic link points to; undefined when there is no link. */
  linkParentName(path: string): Promise<string | undefined>;
  /** Another text whenever a link was made anew, though it leads to the same; undefined when there is none, and where nobody can tell. */
  linkStamp?(path: string): Promise<string | undefined>;
  /** Another text whenever another file is there, or was written to; links are followed. Undefined when there is none, and where nobody can tell. */
  fileStamp?(path: string): Promise<string | undefined>;
  /** Told of a file whose text is not what the kernel writes there. */
  doubt?(path: string, text: string): void;
  /** Told of a file that somebody else was asked to read, and why that came to nothing. */
  missed?(path: string, why: string): void;
}

/** How the kernel prints an `unsigned int`; undefined for anything else. */
export function unsignedInt(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** What a file tells; undefined when there is none, and when its text is not understood, of which the files are told. */
export async function fact<T>(
  files: HostFiles,
  path: string,
  understand: (text: string) => T | undefined,
): Promise<T | undefined> {
  return understoodIn(files, { path, text: await files.read(path) }, understand);
}

/** The same of a file without which it is not known which objects there are. Throws when it cannot be read. */
export async function neededFact<T>(
  files: HostFiles,
  path: string,
  understand: (text: string) => T | undefined,
): Promise<T | undefined> {
  const text = await (files.readOrThrow?.(path) ?? files.read(path));
  return understoodIn(files, { path, text }, understand);
}

function understoodIn<T>(
  files: HostFiles,
  { path, text }: { readonly path: string; readonly text: string | undefined },
  understand: (text: string) => T | undefined,
): T | undefined {
  if (text === undefined) return undefined;
  const understood = understand(text);
  if (understood === undefined) files.doubt?.(path, text);
  return understood;
}
