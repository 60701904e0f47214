// What discovery asks of the machine: reads of small files below the host root. Implemented in host/files.ts.

/** Paths are relative to the host root, without a leading slash: `sys/class/mdev_bus`. */
export interface HostFiles {
  /** The text without its trailing newline; undefined when there is no such file. Throws when it cannot be read. */
  read(path: string): Promise<string | undefined>;
  /** Names in a directory, sorted; empty when there is none. */
  list(path: string): Promise<string[]>;
  /** The last component of what a symbolic link points to; undefined when there is no link. */
  linkName(path: string): Promise<string | undefined>;
  /** The name of the directory that holds what a symbolic link points to; undefined when there is no link. */
  linkParentName(path: string): Promise<string | undefined>;
}
