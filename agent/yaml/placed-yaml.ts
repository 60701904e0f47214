// A YAML text whose values know where they stand, for messages that name the line. Pure.
import { isAlias, isNode, LineCounter, parseDocument, type Document } from "yaml";
import { repeatedKeys } from "./repeated-keys.ts";
import { aliasFault } from "./aliases.ts";

/** Something that is wrong with what a text says, with its place: `/etc/vgpud/config.yaml:3:1`. */
export interface PlacedFault {
  readonly where: string;
  readonly what: string;
}

/** Something that is wrong with the text itself. */
interface YamlFault extends PlacedFault {
  readonly spot: Spot;
}

/** In the text, counted from 1. */
interface Spot {
  readonly line: number;
  readonly column: number;
}

/** Of syntax: what follows the first few is mostly their consequence. */
const MAX_FAULTS = 3;
/** Of a text that a file chose. */
const MAX_SHOWN = 80;

/** At a length that a log can bear. */
export function brief(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

export class PlacedYaml {
  /** What makes the text no YAML. */
  readonly faults: readonly YamlFault[];
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
      .map(({ pos, message }) => this.#fault(pos[0], brief(message)));
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

  /** The node at a path; undefined where there is none. */
  node(path: readonly PropertyKey[]): unknown {
    return this.#document.getIn(path, true);
  }

  /** `FILE:LINE:COLUMN` of a node; the first of the text for what is none. */
  place(node: unknown): string {
    return this.#named(this.#spot(offsetOf(node) ?? 0));
  }

  /** Where what is at the path stands, or what comes nearest above it. */
  nearest(path: readonly PropertyKey[]): Spot {
    for (let length = path.length; length > 0; length -= 1) {
      const offset = offsetOf(this.node(path.slice(0, length)));
      if (offset !== undefined) return this.#spot(offset);
    }
    return this.#spot(offsetOf(this.contents) ?? 0);
  }

  #aliasFaults(): readonly YamlFault[] {
    const fault = aliasFault(this.#document);
    return fault === undefined ? [] : [this.#fault(fault.offset, brief(fault.what))];
  }

  #repetitions(): readonly YamlFault[] {
    return repeatedKeys(this.#document).map(({ path, offset, firstOffset }) =>
      this.#fault(offset, `${brief(path)}: stands twice (also at line ${this.#spot(firstOffset).line})`),
    );
  }

  #fault(offset: number, what: string): YamlFault {
    const spot = this.#spot(offset);
    return { where: this.#named(spot), what, spot };
  }

  #spot(offset: number): Spot {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }

  #named({ line, column }: Spot): string {
    return `${this.#name}:${line}:${column}`;
  }
}

function offsetOf(node: unknown): number | undefined {
  const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
  return Array.isArray(range) && typeof range[0] === "number" ? range[0] : undefined;
}
