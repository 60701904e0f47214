// A tree that is put together path by path.
import path from "node:path";
import { linkTo, type Link, type Tree } from "../fakes/host-tree.ts";

export class Files {
  readonly #entries = new Map<string, string | Link | Tree>();

  add(at: string, node: string | Link | Tree): void {
    this.#entries.set(at, node);
  }

  /** A relative link to another place of the tree, as the kernel makes them. */
  link(at: string, to: string): void {
    this.add(at, linkTo(path.relative(path.dirname(at), to)));
  }

  get tree(): Tree {
    return Object.fromEntries(this.#entries);
  }
}
