// Keeps reads within a copied or simulated tree: its links were made for another root, and on this machine lead elsewhere.
import { realpath as realpathThen } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { AgentError } from "../core/errors.ts";

const realpath = promisify(realpathThen.native);

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
  async hold(at: string): Promise<void> {
    const [root, real] = await Promise.all([this.#realRoot ?? realpath(this.#root), realpath(at)]);
    this.#realRoot = root;
    if (real !== root && !real.startsWith(`${root}${path.sep}`)) throw leadsOut();
  }
}
