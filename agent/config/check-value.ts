// Whether a value is what its key takes, and if not, what to say. Pure.
import { brief } from "../yaml/placed-yaml.ts";
import type { Key } from "./keys.ts";

export interface Wrong {
  /** Of the item at fault in a list. */
  readonly index: number | undefined;
  /** Key, value and what is allowed. */
  readonly what: string;
}

/** Everything that is wrong with the value; nothing when it may be used. */
export function checkValue(key: Key, value: unknown): Wrong[] {
  if (value === undefined || value === null)
    return [{ index: undefined, what: `${key.path} has no value; it takes ${key.takes}` }];
  const result = key.schema.safeParse(value);
  if (result.success) return [];
  const indexes = result.error.issues.map(({ path: [first] }) =>
    typeof first === "number" ? first : undefined,
  );
  return [...new Set(indexes)].map((index) => {
    const name = index === undefined ? key.path : `${key.path}[${index}]`;
    const at: unknown = index !== undefined && Array.isArray(value) ? value[index] : value;
    return { index, what: `${name}: ${shown(at)} is not allowed; ${key.path} takes ${key.takes}` };
  });
}

function shown(value: unknown): string {
  return brief(JSON.stringify(value));
}
