// One YAML text as settings with their places, checked key by key against the schema. Pure.
import { isMap, isScalar, isSeq, type Pair } from "yaml";
import { brief, PlacedYaml } from "../yaml/placed-yaml.ts";
import { nearest } from "../core/suggest.ts";
import { checkValue } from "./check-value.ts";
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

/** `name` is how the text is called in messages: its file. An empty text sets nothing. */
export function readYaml(text: string, name: string): SettingsRead {
  const yaml = new PlacedYaml(text, name);
  if (!yaml.isReadable) return { settings: [], problems: yaml.faults };
  const { settings, problems } = new Reading(yaml).all();
  return { settings, problems: [...yaml.faults, ...problems] };
}

class Reading {
  readonly #yaml: PlacedYaml;
  readonly #settings: Setting[] = [];
  readonly #problems: Problem[] = [];

  constructor(yaml: PlacedYaml) {
    this.#yaml = yaml;
  }

  all(): SettingsRead {
    this.#section(this.#yaml.contents, "");
    return { settings: this.#settings, problems: this.#problems };
  }

  #section(node: unknown, section: string): void {
    // A section of which every line is commented out.
    if (node === null || (isScalar(node) && node.value === null)) return;
    if (!isMap(node)) {
      const names = namesBelow(section).join(", ");
      const what = `${section === "" ? "the file" : section} must be a mapping, of the keys ${names}`;
      this.#problems.push({ where: this.#yaml.place(node), what });
      return;
    }
    for (const pair of node.items) this.#pair(pair, section);
  }

  #pair({ key: word, value }: Pair, section: string): void {
    const where = this.#yaml.place(word);
    const name = isScalar(word) ? String(word.value) : "";
    const path = section === "" ? name : `${section}.${name}`;
    const key = keys.find((known) => known.path === path);
    if (key) this.#leaf(key, value, where);
    else if (name !== "" && namesBelow(path).length > 0) this.#section(value, path);
    else this.#problems.push({ where, what: `${brief(path) || "this"}: no such key${hint(name, section)}` });
  }

  #leaf(key: Key, node: unknown, keyAt: string): void {
    const empty = node === null || (isScalar(node) && node.value === null);
    const origin = empty ? keyAt : this.#yaml.place(node);
    const value = isSeq(node) || isMap(node) || isScalar(node) ? this.#yaml.value(node) : undefined;
    const wrong = checkValue(key, value);
    for (const { index, what } of wrong) {
      const item = index !== undefined && isSeq(node) ? node.items[index] : undefined;
      this.#problems.push({ where: item === undefined ? origin : this.#yaml.place(item), what });
    }
    if (wrong.length === 0) this.#settings.push({ key, value, origin });
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
