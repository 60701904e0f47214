// Lets a caller name only files below the configured storage roots, by the path that is left when every link is followed.
import { open, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { AgentError, messageOf } from "../core/errors.ts";
import type { FileKind, StoragePaths } from "../lifecycle/storage-paths.ts";
import { readQcow2Reference } from "./qcow2.ts";

/** QEMU itself has no limit; a chain longer than this is a loop or a mistake. */
const MAX_CHAIN = 16;

export class StorageRoots implements StoragePaths {
  readonly #roots: () => readonly string[];

  /** Roots are absolute directories, asked for each time; those that do not exist allow nothing. */
  constructor(roots: () => readonly string[]) {
    this.#roots = roots;
  }

  async resolve(file: string, kind: FileKind, field: string): Promise<string> {
    const real = await this.#below(file, field);
    if (kind === "disk") await this.#checkChain(real, field);
    return real;
  }

  async #below(file: string, field: string): Promise<string> {
    if (!path.isAbsolute(file)) throw refuse(field, file, "is not an absolute path");
    const real = await realpath(file).catch((error: unknown) => {
      throw refuse(field, file, `cannot be resolved: ${messageOf(error)}`, error);
    });
    const roots = await Promise.all(this.#roots().map((root) => realpath(root).catch(() => undefined)));
    if (!roots.some((root) => root !== undefined && real.startsWith(`${root}${path.sep}`)))
      throw refuse(
        field,
        file,
        `resolves to ${real}, which is below none of the storage roots: ${this.#roots().join(", ")}`,
      );
    if (!(await stat(real)).isFile())
      throw refuse(field, file, `resolves to ${real}, which is not a regular file`);
    return real;
  }

  /** An image can name another file that QEMU then opens: every one of the chain has to be allowed. */
  async #checkChain(first: string, field: string): Promise<void> {
    let image = first;
    for (let depth = 0; depth < MAX_CHAIN; depth += 1) {
      const reference = await this.#referenceOf(image, field);
      if (reference === undefined) return;
      if (/^[a-z][a-z0-9+.-]*:/i.test(reference))
        throw refuse(field, first, `has the backing image ${reference}, which is not a plain file`);
      image = await this.#below(path.resolve(path.dirname(image), reference), field);
    }
    throw refuse(field, first, `has a backing chain of more than ${MAX_CHAIN} images`);
  }

  async #referenceOf(image: string, field: string): Promise<string | undefined> {
    try {
      const handle = await open(image, "r");
      try {
        return await readQcow2Reference(handle);
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw refuse(field, image, `cannot be checked for a backing image: ${messageOf(error)}`, error);
    }
  }
}

function refuse(field: string, file: string, why: string, cause?: unknown): AgentError {
  return new AgentError("PATH_NOT_ALLOWED", `${file} ${why}`, { details: { path: file }, field, cause });
}
