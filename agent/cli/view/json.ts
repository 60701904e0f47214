// The contract's messages as JSON for scripts: the keys of the proto files, all of them, whatever their values.
// protobuf's own JSON leaves out zeros and empty lists; a script that asks for `.allocatable` must not get null for 0.

/** Grows when a key changes its meaning or goes, which no release of v1 does: keys are only added. */
const SCHEMA_VERSION = 1;

/** Keys of `map<string, string>` fields belong to the user and stay as they are. */
const maps = new Set(["labels", "metadata"]);

/** What every document begins with, and its body. */
export function document(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { schema_version: SCHEMA_VERSION, ...body };
}

export function jsonDocument(body: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(document(body), undefined, 2)}\n`;
}

/** On one line. */
export function compactDocument(body: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify(document(body))}\n`;
}

/**
 * A message with keys in snake_case. Times are RFC 3339, 64-bit numbers are numbers (the contract's are MiB and counters,
 * far below 2^53), enums are the proto's names; a field that is absent has no key.
 */
export function messageJson(message: object): Record<string, unknown> {
  const entries = Object.entries(message).flatMap(([key, value]: [string, unknown]) => {
    if (value === undefined) return [];
    if (isOneof(value)) return [[snakeCase(value.$case), jsonValue(value.value)]];
    return [[snakeCase(key), maps.has(key) ? value : jsonValue(value)]];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function jsonValue(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(jsonValue);
  return typeof value === "object" && value !== null ? messageJson(value) : value;
}

function isOneof(value: unknown): value is { readonly $case: string; readonly value: unknown } {
  return typeof value === "object" && value !== null && "$case" in value;
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
