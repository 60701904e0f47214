// The key paths of a JSON document with the types of their values, and what of a recorded list is no longer so. Pure.

/** A path, as `gpus[].budget.free.fences`, to `string`, `number`, `boolean`, `object` or `list`. */
export type KeyTypes = Readonly<Record<string, string>>;

/** Objects whose keys belong to the user. */
const MAPS = /(?:^|\.)(?:labels|metadata)$/;

export function keyTypes(value: unknown, path = ""): KeyTypes {
  if (Array.isArray(value))
    return { [path]: "list", ...merged(value.map((item) => keyTypes(item, `${path}[]`))) };
  if (typeof value !== "object" || value === null) return { [path]: value === null ? "null" : typeof value };
  const below = Object.entries(value).map(([key, inner]) => {
    const name = MAPS.test(path) ? "*" : key;
    return keyTypes(inner, path === "" ? name : `${path}.${name}`);
  });
  return { ...(path === "" ? {} : { [path]: "object" }), ...merged(below) };
}

/** What the document of each command line has. */
export type Documents = Readonly<Record<string, KeyTypes>>;

/** All of them; a later one wins. */
export function merged(all: readonly KeyTypes[]): KeyTypes {
  return Object.assign({}, ...all) as KeyTypes;
}

/** What a script that relied on the recorded keys would miss. Keys that were added are no such thing. */
export function broken(recorded: KeyTypes, actual: KeyTypes): readonly string[] {
  return Object.entries(recorded).flatMap(([path, type]) => {
    const now = actual[path];
    if (now === type) return [];
    return [now === undefined ? `${path} is gone` : `${path} is a ${now} and was a ${type}`];
  });
}

/** What is printed and not promised yet. */
export function unrecorded(recorded: KeyTypes, actual: KeyTypes): readonly string[] {
  return Object.keys(actual).filter((path) => !Object.hasOwn(recorded, path));
}

/** Added, never taken away: whoever breaks the promise has to do it by hand. */
export function updated(recorded: Documents, actual: Documents): Documents {
  const lines = new Set([...Object.keys(recorded), ...Object.keys(actual)]);
  return Object.fromEntries(
    [...lines].map((line) => [line, merged([actual[line] ?? {}, recorded[line] ?? {}])]),
  );
}
