// A tree of files that remembers what was asked of it, so that a copy can answer the same questions.
import { messageOf } from "../core/errors.ts";
import type { ExaminedFiles } from "../diagnosis/look.ts";

export type Recorded =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "link"; readonly parent: string; readonly name: string }
  /** There, and nothing more is known of it. */
  | { readonly kind: "name" }
  /** There, and it could not be read. */
  | { readonly kind: "unreadable"; readonly why: string };

export class RecordingFiles implements ExaminedFiles {
  readonly #files: ExaminedFiles;
  readonly #recorded = new Map<string, Recorded>();

  constructor(files: ExaminedFiles) {
    this.#files = files;
  }

  /** By path below the root; what is absent is not in it. */
  get recorded(): ReadonlyMap<string, Recorded> {
    return this.#recorded;
  }

  async read(path: string): Promise<string | undefined> {
    const text = await this.#noted(path, this.#files.read(path));
    if (text !== undefined) this.#recorded.set(path, { kind: "text", text });
    return text;
  }

  async list(path: string): Promise<string[]> {
    const names = await this.#noted(path, this.#files.list(path));
    for (const name of names) this.#noteName(`${path}/${name}`);
    // An empty folder is another thing than none.
    if (names.length === 0) await this.exists(path);
    return names;
  }

  async exists(path: string): Promise<boolean> {
    const there = await this.#noted(path, this.#files.exists(path));
    if (there) this.#noteName(path);
    return there;
  }

  async linkName(path: string): Promise<string | undefined> {
    const name = await this.#noted(path, this.#files.linkName(path));
    if (name === undefined) return undefined;
    const parent = (await this.#files.linkParentName(path)) ?? "";
    this.#recorded.set(path, { kind: "link", parent, name });
    return name;
  }

  async linkParentName(path: string): Promise<string | undefined> {
    await this.linkName(path);
    return this.#files.linkParentName(path);
  }

  #noteName(path: string): void {
    if (!this.#recorded.has(path)) this.#recorded.set(path, { kind: "name" });
  }

  async #noted<T>(path: string, read: Promise<T>): Promise<T> {
    try {
      return await read;
    } catch (error) {
      this.#recorded.set(path, { kind: "unreadable", why: messageOf(error) });
      throw error;
    }
  }
}
