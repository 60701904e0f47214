// Reads a YAML text as a message of the contract: its fields by the names of the proto files, nothing else, and everything
// that is wrong at once, each with its line. Ranges are vgpud's to check. Pure.
import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { isMap, isScalar, isSeq, type Pair, type YAMLMap } from "yaml";
import { brief, PlacedYaml, type PlacedFault } from "../../yaml/placed-yaml.ts";
import { nearest } from "../../core/suggest.ts";
import { enumName, enumWords } from "./enum-words.ts";
import { nearestField } from "./field-paths.ts";
import { DURATION, durationFields, DURATION_WORDS } from "./wire-duration.ts";

export interface ReadMessage {
  /** As the message's `fromJSON` takes it. */
  readonly tree: Readonly<Record<string, unknown>>;
  /** Where each field stands, as `vm.yaml:4:3`, by its path, as `domain.disks[0].path`. */
  readonly places: ReadonlyMap<string, string>;
  /** The tree means nothing when there are any. */
  readonly problems: readonly PlacedFault[];
}

/** `name` is how the text is called in messages: its file. */
export function readMessage(text: string, name: string, type: DescMessage): ReadMessage {
  const yaml = new PlacedYaml(text, name);
  if (yaml.faults.length > 0) return { tree: {}, places: new Map(), problems: yaml.faults };
  return new Reading(yaml, type).all();
}

/** A field or an item of one. */
interface Slot {
  readonly path: string;
  readonly node: unknown;
  /** For messages: where the name of the field stands when the value has no place. */
  readonly keyAt: string;
}

class Reading {
  readonly #yaml: PlacedYaml;
  readonly #root: DescMessage;
  readonly #places = new Map<string, string>();
  readonly #problems: PlacedFault[] = [];

  constructor(yaml: PlacedYaml, root: DescMessage) {
    this.#yaml = yaml;
    this.#root = root;
  }

  all(): ReadMessage {
    const node = this.#yaml.contents;
    const tree = this.#message({ path: "", node, keyAt: this.#yaml.place(node) }, this.#root);
    return { tree, places: this.#places, problems: this.#problems };
  }

  #message(slot: Slot, type: DescMessage): Record<string, unknown> {
    const node = this.#yaml.resolved(slot.node);
    const tree: Record<string, unknown> = {};
    if (!isMap(node)) {
      const names = type.fields.map(({ name }) => name).join(", ");
      this.#wrong(slot, node, `takes a mapping, of the fields ${names}`);
      return tree;
    }
    this.#onlyOne(slot, node, type);
    for (const pair of node.items) {
      const field = this.#field(slot, pair, type);
      if (field === undefined) continue;
      const path = below(slot.path, field.name);
      const keyAt = this.#yaml.place(pair.key);
      this.#places.set(path, keyAt);
      tree[field.name] = this.#value({ path, node: pair.value, keyAt }, field);
    }
    return tree;
  }

  #field(slot: Slot, { key }: Pair, type: DescMessage): DescField | undefined {
    const name = isScalar(key) ? String(key.value) : "";
    const field = type.fields.find((known) => known.name === name);
    if (field) return field;
    const path = below(slot.path, name);
    const near = nearestField(name, { type, path: slot.path }, this.#root);
    const names = type.fields.map((known) => known.name).join(", ");
    const hint = near === undefined ? `; ${slot.path || "it"} takes ${names}` : `; did you mean ${near}?`;
    this.#problems.push({
      where: this.#yaml.place(key),
      what: `${brief(path) || "this"}: no such field${hint}`,
    });
    return undefined;
  }

  /** Of fields that exclude each other. */
  #onlyOne({ path }: Slot, node: YAMLMap, type: DescMessage): void {
    for (const group of type.oneofs) {
      const names = group.fields.map(({ name }) => name);
      const given = node.items.filter(({ key }) => isScalar(key) && names.includes(String(key.value)));
      const [first, second] = given.map(({ key }) => key);
      if (second === undefined) continue;
      const both = [first, second].map((key) => below(path, isScalar(key) ? String(key.value) : ""));
      this.#problems.push({
        where: this.#yaml.place(second),
        what: `${both.join(" and ")} exclude each other`,
      });
    }
  }

  #value(slot: Slot, field: DescField): unknown {
    switch (field.fieldKind) {
      case "scalar":
        return this.#scalar(slot, field.scalar);
      case "enum":
        return this.#word(slot, enumWords(field.enum), (word) => enumName(field.enum, word));
      case "message":
        return this.#inner(slot, field.message);
      case "list":
        return this.#list(slot, field);
      case "map":
        return this.#map(slot);
    }
  }

  #inner(slot: Slot, type: DescMessage): unknown {
    if (type.typeName !== DURATION) return this.#message(slot, type);
    const value = this.#plain(slot);
    const fields = durationFields(String(value));
    if (fields === undefined) this.#wrong(slot, value, `takes ${DURATION_WORDS}`);
    return fields;
  }

  #list(slot: Slot, field: DescField & { readonly fieldKind: "list" }): unknown[] {
    const node = this.#yaml.resolved(slot.node);
    if (!isSeq(node)) {
      this.#wrong(slot, node, "takes a list");
      return [];
    }
    return node.items.map((item, index) => {
      const keyAt = item === null ? slot.keyAt : this.#yaml.place(item);
      const one = { path: `${slot.path}[${index}]`, node: item, keyAt };
      this.#places.set(one.path, keyAt);
      switch (field.listKind) {
        case "scalar":
          return this.#scalar(one, field.scalar);
        case "enum":
          return this.#word(one, enumWords(field.enum), (word) => enumName(field.enum, word));
        case "message":
          return this.#inner(one, field.message);
      }
    });
  }

  /** Of texts: the contract has no other. */
  #map(slot: Slot): Record<string, unknown> {
    const node = this.#yaml.resolved(slot.node);
    if (!isMap(node)) {
      this.#wrong(slot, node, "takes a mapping of texts");
      return {};
    }
    const entries = node.items.map(({ key, value }) => {
      const keyAt = this.#yaml.place(key);
      const name = this.#scalar({ path: `${slot.path}: a key`, node: key, keyAt }, ScalarType.STRING);
      const path = `${slot.path}.${String(name)}`;
      return [name, this.#scalar({ path, node: value, keyAt }, ScalarType.STRING)] as const;
    });
    return Object.fromEntries(entries) as Record<string, unknown>;
  }

  #scalar(slot: Slot, type: ScalarType): unknown {
    const value = this.#plain(slot);
    if (type === ScalarType.STRING) {
      const quoted = typeof value === "number" || typeof value === "boolean";
      const how = quoted ? `, as ${JSON.stringify(this.#source(slot.node))}` : "";
      if (typeof value !== "string") this.#wrong(slot, value, `takes a text${how}`);
    } else if (type === ScalarType.BOOL) {
      if (typeof value !== "boolean") this.#wrong(slot, value, "takes true or false");
    } else if (!fits(value, type)) this.#wrong(slot, value, "takes a whole number");
    return value;
  }

  #word(slot: Slot, words: readonly string[], nameOf: (word: string) => string | undefined): unknown {
    const value = this.#plain(slot);
    const name = typeof value === "string" ? nameOf(value) : undefined;
    if (name !== undefined) return name;
    const near = typeof value === "string" ? nearest(value, words) : undefined;
    const hint = near === undefined ? "" : `; did you mean ${near}?`;
    this.#wrong(slot, value, `takes ${words.join(", ")}${hint}`);
    return undefined;
  }

  /** Null for a mapping or list, too: neither is a value. */
  #plain({ node }: Slot): unknown {
    const bare = this.#yaml.resolved(node);
    return isScalar(bare) ? bare.value : isMap(bare) || isSeq(bare) ? bare : null;
  }

  #source(node: unknown): string {
    const bare = this.#yaml.resolved(node);
    return isScalar(bare) ? (bare.source ?? String(bare.value)) : "";
  }

  #wrong({ path, node, keyAt }: Slot, found: unknown, takes: string): void {
    const empty = found === null || found === undefined || (isScalar(found) && found.value === null);
    const where = empty ? keyAt : this.#yaml.place(node);
    if (empty)
      this.#problems.push({
        where,
        what: `${path || "the file"} ${path ? "has no value" : "is empty"}; it ${takes}`,
      });
    else
      this.#problems.push({
        where,
        what: `${path || "the file"}: ${shown(found, this.#yaml)} is not allowed; it ${takes}`,
      });
  }
}

function shown(found: unknown, yaml: PlacedYaml): string {
  if (isMap(found)) return "a mapping";
  if (isSeq(found)) return "a list";
  return brief(JSON.stringify(isScalar(found) ? yaml.value(found) : found));
}

const INT32_MAX = 2 ** 31 - 1;

function fits(value: unknown, type: ScalarType): boolean {
  if (type === ScalarType.DOUBLE) return typeof value === "number";
  if (!Number.isSafeInteger(value)) return false;
  return type === ScalarType.INT64 || Math.abs(Number(value)) <= INT32_MAX;
}

function below(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
