// Lets a caller name only files below the configured storage roots, by the path that is left when every link is followed,
// and only the block devices that the configuration lists.
import { lstat, open, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { AgentError, messageOf } from "../core/errors.ts";
import { Turns } from "../core/turns.ts";
import type { ResolvedDisk, StoragePaths } from "../lifecycle/storage-paths.ts";
import { readQcow2Reference } from "./qcow2.ts";

/** QEMU itself has no limit; a chain longer than this is a loop or a mistake. */
const MAX_CHAIN = 16;

export interface AllowedStorage {
  /** Absolute directories; those that do not exist allow nothing. */
  readonly roots: readonly string[];
  /** Absolute paths of block devices, by whichever name. */
  readonly blockDevices: readonly string[];
}

/** At most so many questions at a time, each of which keeps one thread at most: a root may lie on a network that hangs. */
export function inTurns(paths: StoragePaths, most: number): StoragePaths {
  const turns = new Turns(most);
  return {
    disk: (...asked) => turns.run(() => paths.disk(...asked)),
    file: (...asked) => turns.run(() => paths.file(...asked)),
    log: (...asked) => turns.run(() => paths.log(...asked)),
  };
}

export class StorageRoots implements StoragePaths {
  readonly #allowed: () => AllowedStorage;

  /** `allowed` is asked at each check: the configuration may change while the agent runs. */
  constructor(allowed: () => AllowedStorage) {
    this.#allowed = allowed;
  }

  async disk(file: string, format: "raw" | "qcow2", field: string): Promise<ResolvedDisk> {
    const device = await this.#listedDevice(file);
    if (device !== undefined) {
      const backing = format === "raw" ? [] : await this.#chain(device, field);
      return { path: device, source: "block", backing };
    }
    const real = await this.file(file, field);
    return { path: real, source: "file", backing: await this.#chain(real, field) };
  }

  async file(file: string, field: string): Promise<string> {
    const real = await this.#below(file, field);
    if (!(await stat(real)).isFile()) {
      const listed = this.#allowed().blockDevices.join(", ") || "none";
      const why = `is not a regular file (block devices allowed by block_devices in the configuration: ${listed})`;
      throw refuse(field, file, resolved(file, real, why));
    }
    return real;
  }

  async log(file: string, field: string): Promise<string> {
    const directory = await this.#real(path.dirname(file), field);
    const real = path.join(directory, path.basename(file));
    await this.#refuseOutside(file, real, field);
    // libvirt opens it as root and follows a link wherever it leads.
    const there = await lstat(real).catch(() => undefined);
    if (there && !there.isFile()) throw refuse(field, file, "is there already and is not a regular file");
    return real;
  }

  /** The configuration's own name for a device: by-id and the like stay true over a reboot, `/dev/sdb` may not. */
  async #listedDevice(file: string): Promise<string | undefined> {
    const { blockDevices } = this.#allowed();
    const wanted = await stat(file).catch(() => undefined);
    if (!wanted?.isBlockDevice()) return undefined;
    for (const device of blockDevices) {
      const listed = await stat(device).catch(() => undefined);
      if (listed?.isBlockDevice() === true && listed.rdev === wanted.rdev) return device;
    }
    return undefined;
  }

  async #below(file: string, field: string): Promise<string> {
    const real = await this.#real(file, field);
    await this.#refuseOutside(file, real, field);
    return real;
  }

  async #real(file: string, field: string): Promise<string> {
    if (!path.isAbsolute(file)) throw refuse(field, file, "is not an absolute path");
    return realpath(file).catch((error: unknown) => {
      throw refuse(field, file, this.#unresolved(error), error);
    });
  }

  #unresolved(error: unknown): string {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const { roots } = this.#allowed();
    if (code === "ENOENT") return `does not exist; files of domains lie below ${roots.join(", ")}`;
    if (code === "EACCES") return "lies in a folder that vgpud's user may not search";
    return `cannot be resolved: ${messageOf(error)}`;
  }

  async #refuseOutside(file: string, real: string, field: string): Promise<void> {
    const { roots } = this.#allowed();
    // One after the other: a root that hangs keeps one thread.
    for (const root of roots) {
      const above = await realpath(root).catch(() => undefined);
      if (above !== undefined && real.startsWith(above === path.sep ? above : `${above}${path.sep}`)) return;
    }
    const why = `is below none of the storage roots: ${roots.join(", ")}; a reload takes what is added to storage_roots in the configuration`;
    throw refuse(field, file, resolved(file, real, why));
  }

  /** An image can name another file that QEMU then opens: every one of the chain has to be allowed. */
  async #chain(first: string, field: string): Promise<string[]> {
    const chain: string[] = [];
    for (let image = first; chain.length < MAX_CHAIN;) {
      const reference = await this.#referenceOf(image, field);
      if (reference === undefined) return chain;
      if (/^[a-z][a-z0-9+.-]*:/i.test(reference))
        throw refuse(field, first, `has the backing image ${reference}, which is not a plain file`);
      image = await this.file(path.resolve(path.dirname(image), reference), field);
      chain.push(image);
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

/** Where links lead is told where there are any. */
function resolved(file: string, real: string, why: string): string {
  return real === file ? why : `resolves to ${real}, which ${why}`;
}

function refuse(field: string, file: string, why: string, cause?: unknown): AgentError {
  return new AgentError("PATH_NOT_ALLOWED", `${file} ${why}`, { details: { path: file }, field, cause });
}
