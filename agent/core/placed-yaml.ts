// A YAML text whose values know where they stand, for messages that name the line. Pure.
import { isAlias, isNode, LineCounter, parseDocument, type Document } from "yaml";
import { repeatedKeys } from "./repeated-keys.ts";
import { aliasFault } from "./yaml-aliases.ts";

/** Something that is wrong, with its place: `/etc/vgpud/config.yaml:3:1`. */
export interface Fault {
  readonly where: string;
  readonly what: string;
}

/** Of syntax: what follows the first few is mostly their consequence. */
const MAX_FAULTS = 3;
/** Of a text that a file chose. */
const MAX_SHOWN = 80;

/** At a length that a log can bear. */
export function cut(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

export class PlacedYaml {
  /** What makes the text no YAML. */
  readonly faults: readonly Fault[];
  /** Whether the contents mean something: faultless, or with keys that stand twice and no other fault. */
  readonly isReadable: boolean;
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();
  readonly #name: string;

  /** `name` is how the text is called in messages: its file. */
  constructor(text: string, name: string) {
    this.#name = name;
    const options = { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: false };
    this.#document = parseDocument(text, options);
    const found = [...this.#document.errors, ...this.#document.warnings]
      .slice(0, MAX_FAULTS)
      .map(({ pos, message }) => ({ where: this.#at(pos[0]), what: cut(message) }));
    const unreadable = found.length > 0 ? found : this.#aliasFaults();
    this.isReadable = unreadable.length === 0;
    this.faults = this.isReadable ? this.#repetitions() : unreadable;
  }

  /** Null for a text that says nothing. */
  get contents(): unknown {
    return this.#document.contents;
  }

  /** What a node stands for: itself, or what its alias names. */
  resolved(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }

  /** The value of a node, as JavaScript has it; undefined for what is no node. */
  value(node: unknown): unknown {
    return isNode(node) ? node.toJS(this.#document) : undefined;
  }

  /** `FILE:LINE:COLUMN` of a node; the first of the text for what is none. */
  place(node: unknown): string {
    const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
    return this.#at(Array.isArray(range) && typeof range[0] === "number" ? range[0] : 0);
  }

  #aliasFaults(): readonly Fault[] {
    const fault = aliasFault(this.#document);
    return fault === undefined ? [] : [{ where: this.#at(fault.offset), what: cut(fault.what) }];
  }

  #repetitions(): readonly Fault[] {
    return repeatedKeys(this.#document).map(({ path, offset, firstOffset }) => ({
      where: this.#at(offset),
      what: `${cut(path)}: stands twice (also at line ${this.#lines.linePos(firstOffset).line})`,
    }));
  }

  #at(offset: number): string {
    const { line, col } = this.#lines.linePos(offset);
    return `${this.#name}:${line}:${col}`;
  }
}
