// Keeps reads within a copied or simulated tree: its links were made for another root, and on this machine lead elsewhere.
import { realpathSync } from "node:fs";
import path from "node:path";
import { AgentError } from "../core/errors.ts";

/** Every read asks: the names are in the system's memory, and a turn of the event loop would cost more than they do. */
const realpath = realpathSync.native;

/**
 * The memory of this process, of which it reads EIO where that begins. A link to it is how a simulated host has a file that cannot
 * be read, and gives nothing of this machine away.
 */
const READS_EIO = `/proc/${process.pid}/mem`;

export function leadsOut(): AgentError {
  return new AgentError("INTERNAL", "leads out of the tree");
}

export class TreeBounds {
  readonly #root: string;
  #realRoot: string | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  /** Follows all links of the path. @throws AgentError out of the tree; what realpath(3) does */
  hold(at: string): void {
    this.#realRoot ??= realpath(this.#root);
    const [root, real] = [this.#realRoot, realpath(at)];
    const isWithin = real === root || real.startsWith(`${root}${path.sep}`);
    if (!isWithin && real !== READS_EIO) throw leadsOut();
  }
}
