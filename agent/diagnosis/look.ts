// Reads of the host's files that remember what was seen: the evidence of a condition is what its check has looked at.
import { messageOf } from "../core/errors.ts";
import type { HostFiles } from "../discovery/host-files.ts";

/** What was looked at: a path below the host's root with a leading slash, or a source such as `libvirt`. */
export interface Evidence {
  readonly path: string;
  /** What stood there; undefined for what is not there. In parentheses what is no text of the file, as `(exists)`. */
  readonly value: string | undefined;
}

/** Of a file or folder that is there and holds nothing. */
const EMPTY = "(empty)";
/** Of a file that is there and has nothing of what was looked for. */
const NONE_OF_IT = "(nothing of it)";

/** What the checks ask of a tree. Paths as in HostFiles. */
export interface ExaminedFiles extends HostFiles {
  /** Whether there is anything of that name, links that lead nowhere included. */
  exists(path: string): Promise<boolean>;
}

/** A file that is there and cannot be read: a check that needs it has not found anything. */
export class UnreadableError extends Error {
  override readonly name = "UnreadableError";
  readonly path: string;
  readonly why: string;

  constructor(path: string, why: string) {
    super(`/${path} cannot be read: ${why}`);
    this.path = path;
    this.why = why;
  }
}

/** What trying to read a file came to. */
export type Tried =
  | { readonly read: true; readonly text: string }
  | { readonly read: false; readonly absent: true }
  | { readonly read: false; readonly absent: false; readonly why: string };

export class Look {
  readonly #files: ExaminedFiles;
  readonly #seen = new Map<string, string | undefined>();

  constructor(files: ExaminedFiles) {
    this.#files = files;
  }

  /** What was looked at, in the order of the first look. */
  get evidence(): readonly Evidence[] {
    return [...this.#seen].map(([path, value]) => ({ path, value }));
  }

  /** For a source that is no file. */
  saw(source: string, value: string | undefined): void {
    this.#seen.set(source, value);
  }

  /** What of a file's text matters; undefined: nothing. Undefined for the text: there is no such file. */
  sawOf(path: string, text: string | undefined, part: string | undefined): void {
    if (text === undefined || text === "") this.saw(`/${path}`, text === "" ? EMPTY : undefined);
    else this.saw(`/${path}`, part === undefined || part === "" ? NONE_OF_IT : part);
  }

  /** Undefined when there is no such file. @throws UnreadableError */
  async text(path: string): Promise<string | undefined> {
    const tried = await this.tryText(path);
    if (tried.read) return tried.text;
    if (tried.absent) return undefined;
    throw new UnreadableError(path, tried.why);
  }

  /** Of many files of which few matter: what was seen is not told. @throws UnreadableError */
  async quietly(path: string): Promise<string | undefined> {
    try {
      return await this.#files.read(path);
    } catch (error) {
      throw new UnreadableError(path, whyOf(error));
    }
  }

  /** For a check that knows another way. */
  async tryText(path: string): Promise<Tried> {
    try {
      const text = await this.#files.read(path);
      this.sawOf(path, text, text);
      return text === undefined ? { read: false, absent: true } : { read: true, text };
    } catch (error) {
      const why = whyOf(error);
      this.saw(`/${path}`, `(${why})`);
      return { read: false, absent: false, why };
    }
  }

  /** The lines of a long file that are worth showing. @throws UnreadableError */
  async lines(path: string, wanted: RegExp): Promise<readonly string[] | undefined> {
    const text = await this.text(path);
    const lines = text?.split("\n").filter((line) => wanted.test(line));
    this.sawOf(path, text, lines?.join("\n"));
    return lines;
  }

  /** The first line of that form. @throws UnreadableError */
  async line(path: string, wanted: RegExp): Promise<string | undefined> {
    const text = await this.text(path);
    const line = text?.split("\n").find((each) => wanted.test(each));
    this.sawOf(path, text, line);
    return line;
  }

  /** Empty when there is no such directory. @throws UnreadableError */
  async names(path: string): Promise<readonly string[]> {
    const names = await this.#tried(path, () => this.#files.list(path));
    const isEmpty = names.length === 0 && (await this.#tried(path, () => this.#files.exists(path)));
    this.saw(`/${path}/`, names.length > 0 ? names.join(" ") : isEmpty ? EMPTY : undefined);
    return names;
  }

  /** The last component of what a link points to; undefined when there is no link. @throws UnreadableError */
  async link(path: string): Promise<string | undefined> {
    const name = await this.#tried(path, () => this.#files.linkName(path));
    this.saw(`/${path}`, name === undefined ? undefined : `→ ${name}`);
    return name;
  }

  /** Whether there is anything of that name. @throws UnreadableError */
  async has(path: string): Promise<boolean> {
    const there = await this.#tried(path, () => this.#files.exists(path));
    this.saw(`/${path}`, there ? "(exists)" : undefined);
    return there;
  }

  async #tried<T>(path: string, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      const why = whyOf(error);
      this.saw(`/${path}`, `(${why})`);
      throw new UnreadableError(path, why);
    }
  }
}

/** Node.js ends its message with the call and the path, of which the path is told already. */
function whyOf(error: unknown): string {
  return messageOf(error).replace(/, \w+( '.*')?$/, "");
}
