// Reads small files of this machine below an injectable root (`/` in production, a copied or simulated tree otherwise).
import { readFile as readFileThen } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import type { ExaminedFiles } from "../diagnosis/look.ts";

/** A look at the host reads some hundred files; that of node:fs/promises makes an object for each and takes twice the time. */
const readFile = promisify(readFileThen);

/** Absent to a reader: no such file, a parent that is none, or a device that left while its attribute was open. */
const ABSENT = new Set(["ENOENT", "ENOTDIR", "ENODEV", "ENXIO"]);

export class RootedFiles implements ExaminedFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async read(file: string): Promise<string | undefined> {
    return (await absentAsUndefined(readFile(this.#at(file), "utf8")))?.trimEnd();
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

async function absentAsUndefined<T>(read: Promise<T>, alsoAbsent?: string): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (typeof code === "string" && (ABSENT.has(code) || code === alsoAbsent)) return undefined;
    throw error;
  }
}
