// The files of one look: what cannot be read or understood is noted and counts as unknown, so that all else is served.
// Only contents: what a directory holds, where a link leads, and what a device is, says which objects there are, and no look
// can do without.
import { messageOf } from "../core/errors.ts";
import type { Unread } from "../inventory/model.ts";
import type { HostFiles } from "./host-files.ts";

/** Of a text that is not understood, characters that are shown. */
const SHOWN = 40;

export class NotingFiles implements HostFiles {
  readonly #files: HostFiles;
  readonly #notes = new Map<string, string>();

  constructor(files: HostFiles) {
    this.#files = files;
  }

  /** By path; what was read well later on is not among them. */
  get unread(): readonly Unread[] {
    const notes = [...this.#notes].map(([path, why]) => ({ path, why }));
    return notes.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  async read(path: string): Promise<string | undefined> {
    try {
      const text = await this.#files.read(path);
      this.#notes.delete(path);
      return text;
    } catch (error) {
      this.#notes.set(path, whyOf(error));
      return undefined;
    }
  }

  readOrThrow(path: string): Promise<string | undefined> {
    return this.#files.read(path);
  }

  list(path: string): Promise<string[]> {
    return this.#files.list(path);
  }

  linkName(path: string): Promise<string | undefined> {
    return this.#files.linkName(path);
  }

  linkParentName(path: string): Promise<string | undefined> {
    return this.#files.linkParentName(path);
  }

  async linkStamp(path: string): Promise<string | undefined> {
    return await this.#files.linkStamp?.(path);
  }

  doubt(path: string, text: string): void {
    const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
    this.#notes.set(path, text === "" ? "is empty" : `says ${JSON.stringify(shown)}`);
  }

  missed(path: string, why: string): void {
    this.#notes.set(path, why);
  }
}

/** Node.js ends its message with the system call and the path: `EIO: i/o error, read`. */
function whyOf(error: unknown): string {
  const message = messageOf(error);
  return /^E[A-Z0-9]+: [^,]+/.exec(message)?.[0] ?? message;
}
