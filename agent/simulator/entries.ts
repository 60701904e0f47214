// Pure: files and links of the simulated host, as a map that is built up entry by entry.
import path from "node:path";

export type Entry =
  | { readonly kind: "file"; readonly text: string }
  /** Relative, as the kernel makes its links. */
  | { readonly kind: "link"; readonly to: string }
  | { readonly kind: "directory" };

/** By path below the root, without a leading slash. Directories on the way to an entry need none of their own. */
export type Entries = ReadonlyMap<string, Entry>;

export class TreeBuilder {
  readonly entries = new Map<string, Entry>();

  file(name: string, text: string): void {
    this.entries.set(name, { kind: "file", text });
  }

  directory(name: string): void {
    this.entries.set(name, { kind: "directory" });
  }

  /** A relative link to another place of the tree. */
  link(name: string, target: string): void {
    this.entries.set(name, { kind: "link", to: path.relative(path.dirname(name), target) });
  }

  /** What /proc shows is a name on the host, not a place in our tree. */
  absoluteLink(name: string, target: string): void {
    this.entries.set(name, { kind: "link", to: target });
  }
}
