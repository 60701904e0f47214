// Keeps a directory equal to a map of files and links. A reader sees each file and each new device whole or not at all.
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Entries, Entry } from "./entries.ts";

export class TreeWriter {
  readonly #root: string;
  readonly #staging: string;
  #current: Entries = new Map();
  #directories: ReadonlySet<string> = new Set();
  #staged = 0;

  /** Both are made; `staging` must be on the same file system as `root`, for things are renamed from one to the other. */
  constructor(root: string, staging: string) {
    this.#root = root;
    this.#staging = staging;
    mkdirSync(root);
    mkdirSync(staging);
  }

  /**
   * Brings the directory to `next`: what goes is unlinked before its directory is moved away, what comes is built aside
   * and renamed into place before anything links to it, and linked before any text elsewhere counts it. A link that leads
   * elsewhere is one that goes and one that comes.
   */
  apply(next: Entries): void {
    const directories = directoriesOf(next);
    const gone = tops(this.#directories, directories);
    const stays = (name: string): boolean => next.has(name) || isBelow(name, gone);
    for (const [name, entry] of this.#current) {
      const becomes = next.get(name);
      const goes = !stays(name) || (becomes?.kind === "link" && !isSame(entry, becomes));
      if (goes && entry.kind === "link") unlinkSync(this.#at(name));
    }
    for (const name of gone) this.#removeDirectory(name);
    for (const name of this.#current.keys()) {
      if (!stays(name) && this.#kind(name) === "file") unlinkSync(this.#at(name));
    }
    const come = tops(directories, this.#directories);
    for (const name of come) this.#buildDirectory(name, next);
    for (const kind of ["link", "file"]) {
      for (const [name, entry] of next) {
        if (entry.kind !== kind || isSame(entry, this.#current.get(name))) continue;
        if (!isBelow(name, come)) this.#replace(name, entry);
      }
    }
    this.#current = next;
    this.#directories = directories;
  }

  #kind(name: string): Entry["kind"] | undefined {
    return this.#current.get(name)?.kind;
  }

  #removeDirectory(name: string): void {
    const aside = this.#stage();
    renameSync(this.#at(name), aside);
    rmSync(aside, { recursive: true });
  }

  #buildDirectory(top: string, next: Entries): void {
    const aside = this.#stage();
    mkdirSync(aside);
    for (const [name, entry] of next) {
      if (name !== top && !name.startsWith(`${top}/`)) continue;
      const at = path.join(aside, path.relative(top, name));
      mkdirSync(entry.kind === "directory" ? at : path.dirname(at), { recursive: true });
      write(at, entry);
    }
    renameSync(aside, this.#at(top));
  }

  #replace(name: string, entry: Entry): void {
    const aside = this.#stage();
    write(aside, entry);
    renameSync(aside, this.#at(name));
  }

  #stage(): string {
    this.#staged += 1;
    return path.join(this.#staging, String(this.#staged));
  }

  #at(name: string): string {
    return path.join(this.#root, name);
  }
}

function isBelow(name: string, directories: readonly string[]): boolean {
  return directories.some((directory) => name.startsWith(`${directory}/`));
}

function write(at: string, entry: Entry): void {
  if (entry.kind === "file") writeFileSync(at, entry.text);
  if (entry.kind === "link") symlinkSync(entry.to, at);
}

function isSame(entry: Entry, other: Entry | undefined): boolean {
  return JSON.stringify(entry) === JSON.stringify(other);
}

function directoriesOf(entries: Entries): ReadonlySet<string> {
  const directories = new Set<string>();
  for (const [name, { kind }] of entries) {
    let directory = kind === "directory" ? name : path.dirname(name);
    for (; directory !== "."; directory = path.dirname(directory)) directories.add(directory);
  }
  return directories;
}

/** The directories that only `these` has and whose parent both have. */
function tops(these: ReadonlySet<string>, others: ReadonlySet<string>): readonly string[] {
  const only = [...these].filter((name) => !others.has(name));
  return only.filter((name) => path.dirname(name) === "." || others.has(path.dirname(name)));
}
