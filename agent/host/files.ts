// Reads small files of this machine below an injectable root (`/` in production, a copied or simulated tree otherwise).
import { isUtf8 } from "node:buffer";
import { close as closeThen, constants, fstatSync, open as openThen, read as readThen } from "node:fs";
import { lstat, readdir, readlink, stat } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { AgentError } from "../core/errors.ts";
import type { ExaminedFiles } from "../diagnosis/look.ts";
import { leadsOut, TreeBounds } from "./tree-bounds.ts";

/** A look at the host reads some hundred files; node:fs/promises makes an object for each and takes twice the time. */
const [open, read, close] = [promisify(openThen), promisify(readThen), promisify(closeThen)];

/** Absent to a reader: no such file, a parent that is none, or a device that left while its attribute was open. */
const ABSENT = new Set(["ENOENT", "ENOTDIR", "ENODEV", "ENXIO"]);

/** More than most attributes have; sysfs gives at most a page. */
const FIRST_BYTES = 2_048;
/** Far above what the kernel writes into one of these files, and no burden to hold. */
const MAX_BYTES = 1_048_576;
/** A pipe without a writer would keep the reader waiting, and a terminal would become the daemon's. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

export class RootedFiles implements ExaminedFiles {
  readonly #root: string;
  /** None around `/`, out of which nothing leads. */
  readonly #bounds: TreeBounds | undefined;

  constructor(root: string) {
    this.#root = root;
    this.#bounds = path.resolve(root) === "/" ? undefined : new TreeBounds(root);
  }

  async read(file: string): Promise<string | undefined> {
    const at = this.#at(file);
    return (await absentAsUndefined(this.#within(at, () => readText(at))))?.trimEnd();
  }

  async list(dir: string): Promise<string[]> {
    const at = this.#at(dir);
    return ((await absentAsUndefined(this.#within(at, () => readdir(at)))) ?? []).sort();
  }

  async exists(file: string): Promise<boolean> {
    const at = this.#at(file);
    return (await absentAsUndefined(this.#within(path.dirname(at), () => lstat(at)))) !== undefined;
  }

  async linkName(link: string): Promise<string | undefined> {
    const target = await this.#target(link);
    return target === undefined ? undefined : path.basename(target);
  }

  async linkParentName(link: string): Promise<string | undefined> {
    const target = await this.#target(link);
    return target === undefined ? undefined : path.basename(path.dirname(target));
  }

  /** Of sysfs, numbers of inodes are given out in turn (kernel fs/kernfs/dir.c, idr_alloc_cyclic): none comes again soon. */
  async linkStamp(link: string): Promise<string | undefined> {
    const at = this.#at(link);
    const found = await absentAsUndefined(this.#within(path.dirname(at), () => lstat(at, { bigint: true })));
    return found?.ino.toString();
  }

  async fileStamp(file: string): Promise<string | undefined> {
    const at = this.#at(file);
    const found = await absentAsUndefined(this.#within(at, () => stat(at, { bigint: true })));
    return found && [found.dev, found.ino, found.size, found.mtimeNs].join(" ");
  }

  async #target(link: string): Promise<string | undefined> {
    const at = this.#at(link);
    const folder = path.dirname(at);
    const target = await absentAsUndefined(
      this.#within(folder, () => readlink(at)),
      "EINVAL",
    );
    return target === undefined ? undefined : path.resolve(folder, target);
  }

  /** A link that is not followed may lead anywhere: of it only the folder has to be in the tree. */
  async #within<T>(followed: string, look: () => Promise<T>): Promise<T> {
    this.#bounds?.hold(followed);
    return await look();
  }

  #at(relative: string): string {
    if (relative.includes("..") && path.normalize(`./${relative}`).startsWith("..")) throw leadsOut();
    return path.join(this.#root, relative);
  }
}

async function readText(file: string): Promise<string> {
  const fd = await open(file, FLAGS);
  try {
    // Of an open file: the kernel answers at once, and another turn of the event loop would cost more.
    if (!fstatSync(fd).isFile()) throw new AgentError("INTERNAL", "is no regular file");
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
