// Settings of many origins as one configuration. Pure.
import { checkValue } from "./check-value.ts";
import { refuseContradictions } from "./contradictions.ts";
import { keys, type Key } from "./keys.ts";
import type { Problem } from "./problem.ts";
import type { Setting } from "./read-yaml.ts";
import { schema, type Config } from "./schema.ts";

/** What a flag says. */
export interface Given {
  /** A key's dotted path. */
  readonly path: string;
  readonly value: string;
  /** The flag, for messages. */
  readonly origin: string;
}

/** A key with the value that holds and who said so. */
export interface EffectiveSetting {
  readonly key: Key;
  /** Undefined where nothing is said and no default is fixed. */
  readonly value: unknown;
  /** `default`, a place in a file, or a flag. */
  readonly origin: string;
}

export interface Effective {
  readonly config: Config;
  /** Every key, in the schema's order. */
  readonly settings: readonly EffectiveSetting[];
  /** The files it was made from, from the least to the most important. */
  readonly files: readonly string[];
}

/** Flags as settings; what is wrong with them goes to `problems`. */
export function settingsOfFlags(given: readonly Given[], problems: Problem[]): Setting[] {
  return given.flatMap(({ path, value, origin }) => {
    const key = keys.find((known) => known.path === path);
    if (!key) throw new TypeError(`${origin} sets ${path}, which is no key`);
    const wrong = checkValue(key, value);
    problems.push(...wrong.map(({ what }) => ({ where: origin, what })));
    return wrong.length === 0 ? [{ key, value, origin }] : [];
  });
}

/** Later settings win. @throws ConfigError when they contradict each other */
export function effective(settings: readonly Setting[], files: readonly string[]): Effective {
  const said = new Map(settings.map((setting) => [setting.key.path, setting]));
  const all = keys.map((key) => said.get(key.path) ?? { key, value: key.default, origin: "default" });
  const tree: Record<string, unknown> = {};
  for (const { key, value } of said.values()) put(tree, key.path.split("."), value);
  const config = schema.parse(tree);
  refuseContradictions(config, new Map(all.map(({ key, origin }) => [key.path, origin])));
  return { config, settings: all, files };
}

function put(tree: Record<string, unknown>, [name = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    tree[name] = value;
    return;
  }
  const section: Record<string, unknown> = { ...asSection(tree[name]) };
  put(section, rest, value);
  tree[name] = section;
}

function asSection(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}
