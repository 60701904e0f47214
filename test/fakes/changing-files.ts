// A tree of files in memory that somebody changes while it is read: some steps of a change before each read from a given one on.
import path from "node:path";
import type { HostFiles } from "../../agent/discovery/host-files.ts";
import type { Entries, Entry } from "../../agent/simulator/entries.ts";

/** How long a chain of links may be. */
const MAX_LINKS = 40;

export interface Change {
  /** The trees after each step. */
  readonly steps: Iterable<Entries>;
  /** The number of the read before which the first takes place, from 1 on. */
  readonly begin: number;
  /** How many take place before each read; Infinity: all at once. */
  readonly stride: number;
}

export class ChangingFiles implements HostFiles {
  #entries: Entries;
  readonly #change: Omit<Change, "steps"> & { readonly steps: Iterator<Entries> };
  #reads = 0;

  constructor(entries: Entries, change: Change = { steps: [], begin: 1, stride: 1 }) {
    this.#entries = entries;
    this.#change = { ...change, steps: change.steps[Symbol.iterator]() };
  }

  get reads(): number {
    return this.#reads;
  }

  read(file: string): Promise<string | undefined> {
    const entry = this.#step().get(this.#resolve(file));
    return Promise.resolve(entry?.kind === "file" ? entry.text.trimEnd() : undefined);
  }

  list(dir: string): Promise<string[]> {
    const entries = this.#step();
    const below = `${this.#resolve(dir)}/`;
    const names = [...entries.keys()].filter((name) => name.startsWith(below));
    return Promise.resolve(
      [...new Set(names.map((name) => name.slice(below.length).split("/")[0] ?? ""))].sort(),
    );
  }

  linkName(link: string): Promise<string | undefined> {
    const target = this.#target(link);
    return Promise.resolve(target === undefined ? undefined : path.basename(target));
  }

  linkParentName(link: string): Promise<string | undefined> {
    const target = this.#target(link);
    return Promise.resolve(target === undefined ? undefined : path.basename(path.dirname(target)));
  }

  #target(link: string): string | undefined {
    const entries = this.#step();
    const at = path.join(this.#resolve(path.dirname(link)), path.basename(link));
    const entry = entries.get(at);
    return entry?.kind === "link" ? path.join(path.dirname(at), entry.to) : undefined;
  }

  #step(): Entries {
    this.#reads += 1;
    const { steps, begin, stride } = this.#change;
    for (let taken = 0; this.#reads >= begin && taken < stride; taken += 1) {
      const step = steps.next();
      if (step.done === true) break;
      this.#entries = step.value;
    }
    return this.#entries;
  }

  /** The name without links on the way. */
  #resolve(file: string, links = 0): string {
    const parts = file.split("/");
    for (let end = 1; end <= parts.length; end += 1) {
      const at = parts.slice(0, end).join("/");
      const entry = this.#entries.get(at);
      if (entry?.kind !== "link" || links >= MAX_LINKS) continue;
      const target = path.join(path.dirname(at), entry.to);
      return this.#resolve(path.join(target, ...parts.slice(end)), links + 1);
    }
    return file;
  }
}

/**
 * The trees between two, one entry apart, each good until the next is asked for. As in the kernel a driver's link is the first to go, a parent's link on the class
 * the next, and a device's own the last; a parent's link is the last to come.
 */
export function* steps(
  before: Entries,
  after: Entries,
  shuffled: (names: readonly string[]) => readonly string[],
): Iterable<Entries> {
  const now = new Map<string, Entry>(before);
  const changes = (name: string): boolean =>
    JSON.stringify(before.get(name)) !== JSON.stringify(after.get(name));
  // A link that leads elsewhere is another one; a file has another text at once.
  const going = [...before].filter(
    ([name, { kind }]) => !after.has(name) || (kind === "link" && changes(name)),
  );
  for (const name of inOrder(shuffled(going.map(([name]) => name)), goingRank)) {
    now.delete(name);
    yield now;
  }
  const coming = [...after].filter(([name]) => changes(name));
  for (const name of inOrder(shuffled(coming.map(([name]) => name)), comingRank)) {
    const entry = after.get(name);
    if (entry) now.set(name, entry);
    yield now;
  }
}

function inOrder(names: readonly string[], rank: (name: string) => number): readonly string[] {
  return [...names].sort((a, b) => rank(a) - rank(b));
}

function goingRank(name: string): number {
  if (name.endsWith("/driver")) return 0;
  if (name.startsWith("sys/class/mdev_bus/")) return 1;
  return name.startsWith("sys/bus/pci/devices/") ? 3 : 2;
}

function comingRank(name: string): number {
  return name.startsWith("sys/class/mdev_bus/") ? 1 : 0;
}
