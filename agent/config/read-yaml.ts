// One YAML text as settings with their places, checked key by key against the schema. Pure.
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Pair } from "yaml";
import { nearest } from "../core/suggest.ts";
import { checkValue, cut } from "./check-value.ts";
import { keys, namesBelow, type Key } from "./keys.ts";
import type { Problem } from "./problem.ts";

/** A value that somebody set. */
export interface Setting {
  readonly key: Key;
  readonly value: unknown;
  /** `/etc/vgpud/config.yaml:3:9`, or the flag. */
  readonly origin: string;
}

export interface SettingsRead {
  readonly settings: readonly Setting[];
  readonly problems: readonly Problem[];
}

/** Of syntax: what follows the first few is mostly their consequence. */
const MAX_FAULTS = 3;

/** `name` is how the text is called in messages: its file. An empty text sets nothing. */
export function readYaml(text: string, name: string): SettingsRead {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const faults = [...document.errors, ...document.warnings].slice(0, MAX_FAULTS).map(({ pos, message }) => ({
    where: at(pos[0]),
    what: cut(message),
  }));
  if (faults.length > 0) return { settings: [], problems: faults };
  return new Reading(document, at).all();
}

class Reading {
  readonly #document: Document.Parsed;
  readonly #at: (offset: number) => string;
  readonly #settings: Setting[] = [];
  readonly #problems: Problem[] = [];

  constructor(document: Document.Parsed, at: (offset: number) => string) {
    this.#document = document;
    this.#at = at;
  }

  all(): SettingsRead {
    this.#section(this.#document.contents, "");
    return { settings: this.#settings, problems: this.#problems };
  }

  #section(node: unknown, section: string): void {
    // A section of which every line is commented out.
    if (node === null || (isScalar(node) && node.value === null)) return;
    if (!isMap(node)) {
      const names = namesBelow(section).join(", ");
      const what = `${section === "" ? "the file" : section} must be a mapping, of the keys ${names}`;
      this.#problems.push({ where: this.#place(node), what });
      return;
    }
    for (const pair of node.items) this.#pair(pair, section);
  }

  #pair({ key: word, value }: Pair, section: string): void {
    const where = this.#place(word);
    const name = isScalar(word) ? String(word.value) : "";
    const path = section === "" ? name : `${section}.${name}`;
    const key = keys.find((known) => known.path === path);
    if (key) this.#leaf(key, value, where);
    else if (name !== "" && namesBelow(path).length > 0) this.#section(value, path);
    else this.#problems.push({ where, what: `${cut(path) || "this"}: no such key${hint(name, section)}` });
  }

  #leaf(key: Key, node: unknown, keyAt: string): void {
    const empty = node === null || (isScalar(node) && node.value === null);
    const origin = empty ? keyAt : this.#place(node);
    const value: unknown =
      isSeq(node) || isMap(node) || isScalar(node) ? node.toJS(this.#document) : undefined;
    const wrong = checkValue(key, value);
    for (const { index, what } of wrong) {
      const item = index !== undefined && isSeq(node) ? node.items[index] : undefined;
      this.#problems.push({ where: item === undefined ? origin : this.#place(item), what });
    }
    if (wrong.length === 0) this.#settings.push({ key, value, origin });
  }

  #place(node: unknown): string {
    const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
    return this.#at(Array.isArray(range) && typeof range[0] === "number" ? range[0] : 0);
  }
}

/** The nearest sibling, or the same name in another section. */
function hint(name: string, section: string): string {
  const sibling = nearest(name, namesBelow(section));
  if (sibling !== undefined) return `; did you mean ${section === "" ? sibling : `${section}.${sibling}`}?`;
  const lastNames = new Map(keys.map((key) => [key.path.split(".").at(-1) ?? "", key]));
  const elsewhere = lastNames.get(nearest(name, [...lastNames.keys()]) ?? "");
  return elsewhere ? `; did you mean ${elsewhere.path}?` : "";
}
