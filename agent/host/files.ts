// Reads small files of this machine below an injectable root (`/` in production, a copied or simulated tree otherwise).
import { isUtf8 } from "node:buffer";
import { close as closeThen, open as openThen, read as readThen } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { AgentError } from "../core/errors.ts";
import type { ExaminedFiles } from "../diagnosis/look.ts";

/** A look at the host reads some hundred files; node:fs/promises makes an object for each and takes twice the time. */
const [open, read, close] = [promisify(openThen), promisify(readThen), promisify(closeThen)];

/** Absent to a reader: no such file, a parent that is none, or a device that left while its attribute was open. */
const ABSENT = new Set(["ENOENT", "ENOTDIR", "ENODEV", "ENXIO"]);

/** More than most attributes have; sysfs gives at most a page. */
const FIRST_BYTES = 2_048;
/** Far above what the kernel writes into one of these files, and no burden to hold. */
const MAX_BYTES = 1_048_576;

export class RootedFiles implements ExaminedFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async read(file: string): Promise<string | undefined> {
    return (await absentAsUndefined(readText(this.#at(file))))?.trimEnd();
  }

  async list(dir: string): Promise<string[]> {
    return ((await absentAsUndefined(readdir(this.#at(dir)))) ?? []).sort();
  }

  async exists(file: string): Promise<boolean> {
    return (await absentAsUndefined(lstat(this.#at(file)))) !== undefined;
  }

  async linkName(link: string): Promise<string | undefined> {
    const target = await this.#target(link);
    return target === undefined ? undefined : path.basename(target);
  }

  async linkParentName(link: string): Promise<string | undefined> {
    const target = await this.#target(link);
    return target === undefined ? undefined : path.basename(path.dirname(target));
  }

  async #target(link: string): Promise<string | undefined> {
    const target = await absentAsUndefined(readlink(this.#at(link)), "EINVAL");
    return target === undefined ? undefined : path.resolve(path.dirname(this.#at(link)), target);
  }

  #at(relative: string): string {
    return path.join(this.#root, relative);
  }
}

async function readText(file: string): Promise<string> {
  const fd = await open(file, "r");
  try {
    const bytes = await readBytes(fd);
    if (!isUtf8(bytes)) throw new AgentError("INTERNAL", "is not UTF-8");
    return bytes.toString("utf8");
  } finally {
    await close(fd);
  }
}

/** The size that stat tells of such a file is none: it is read until it ends, or until it is too long. */
async function readBytes(fd: number): Promise<Buffer> {
  let bytes = Buffer.allocUnsafe(FIRST_BYTES);
  let length = 0;
  for (;;) {
    const { bytesRead } = await read(fd, bytes, length, bytes.length - length, null);
    if (bytesRead === 0) return bytes.subarray(0, length);
    length += bytesRead;
    if (length >= MAX_BYTES) throw new AgentError("INTERNAL", `holds ${MAX_BYTES} bytes or more`);
    if (length === bytes.length) bytes = Buffer.concat([bytes], Math.min(4 * length, MAX_BYTES));
  }
}

async function absentAsUndefined<T>(reading: Promise<T>, alsoAbsent?: string): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (typeof code === "string" && (ABSENT.has(code) || code === alsoAbsent)) return undefined;
    throw error;
  }
}
