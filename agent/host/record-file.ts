// Files that are written whole or not at all, and that prove when they are read that they are as they were written:
//
//   <kind> <format> sha256:<hex of the bytes after this line>\n
//   { … }
//
// The checksum is over the raw bytes, so that no later version calls a good file corrupt by printing it differently.
import { createHash } from "node:crypto";
import { open, rename, unlink } from "node:fs/promises";
import path from "node:path";

/** What stands behind the name of a file that could not be read as what it should be, where the disk takes another name. */
export const ASIDE = ".set-aside";

/** A file that could not be read as what it should be. It stays, under another name where the disk takes one. */
export interface SetAside {
  readonly file: string;
  readonly why: string;
}

/** What a file holds; the checksum says that a vgpud wrote it, and the format how. */
export interface ReadRecord {
  readonly format: number;
  readonly value: unknown;
}

export function renderRecord(kind: string, format: number, value: unknown): string {
  const body = `${JSON.stringify(value, undefined, 2)}\n`;
  return `${kind} ${format} sha256:${sha256(body)}\n${body}`;
}

export function parseRecord(kind: string, bytes: Buffer): ReadRecord | { readonly why: string } {
  const newline = bytes.indexOf(0x0a);
  const line = bytes.subarray(0, Math.max(0, newline)).toString("latin1");
  const header = /^(\S+) (\d+) sha256:([0-9a-f]{64})$/.exec(line);
  if (header?.[1] !== kind) return { why: `it does not begin with a ${kind} line` };
  const body = bytes.subarray(newline + 1);
  if (sha256(body) !== header[3]) return { why: "its checksum does not match" };
  return { format: Number(header[2]), value: JSON.parse(body.toString("utf8")) };
}

/** What a write is made of, each named for what is done by then. */
export type WriteStage = "begun" | "filled" | "synced" | "renamed" | "durable";

/**
 * Resolves when the content would survive a power cut; until then the file holds what it held before. `onStage` is told of
 * each stage before the next begins. What `besides` does to other names of the folder, once the content is on the disk, is
 * durable with it.
 */
export async function writeWhole(
  file: string,
  content: string,
  onStage: (stage: WriteStage) => void = () => undefined,
  besides: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const temporary = `${file}.tmp`;
  onStage("begun");
  try {
    await writeSynced(temporary, content, () => {
      onStage("filled");
    });
    onStage("synced");
    await besides();
    await rename(temporary, file);
  } catch (error) {
    // On a full disk it would keep the next one out.
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  onStage("renamed");
  await syncDirectory(path.dirname(file));
  onStage("durable");
}

/** Resolves when the content is on the disk; its name may not be. `flags` as those of open(). */
export async function writeSynced(
  file: string,
  content: string | Buffer,
  onFilled = (): void => undefined,
  flags: "w" | "r+" = "w",
): Promise<void> {
  const handle = await open(file, flags, 0o600);
  try {
    await handle.writeFile(content);
    onFilled();
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A change of names survives a power cut only once their directory was synced. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The errno of a system call, by its name. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

export function unlessMissing(error: unknown): void {
  if (codeOf(error) !== "ENOENT") throw error;
}

export function sha256(bytes: string | Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
