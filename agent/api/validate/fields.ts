// Checks of single fields. Each failure names the field by its path in the request, as `domain.disks[0].path`.
import { isDeepStrictEqual } from "node:util";
import { AgentError } from "../../core/errors.ts";

/**
 * What each of the parts gives. All are tried, so that a caller hears everything that is wrong with its request at once.
 * @throws AgentError the parts' errors as one
 */
export function all<T>(parts: { readonly [Name in keyof T]: () => T[Name] }): T {
  const values: Partial<T> = {};
  const errors: AgentError[] = [];
  for (const name in parts) {
    try {
      values[name] = parts[name]();
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      errors.push(error);
    }
  }
  const merged = AgentError.merged(errors);
  if (merged) throw merged;
  return values as T; // complete: a part either gave its value or its error was thrown
}

/** As `all`, for parts that have no names. */
export function each<Item, T>(items: readonly Item[], part: (item: Item, index: number) => T): T[] {
  return Object.values(
    all<Record<string, T>>(Object.fromEntries(items.map((item, index) => [index, () => part(item, index)]))),
  );
}

/** Checks that only forbid something, all of them. */
export function refuse(errors: readonly (AgentError | undefined | false)[]): void {
  const merged = AgentError.merged(errors.filter((error) => error instanceof AgentError));
  if (merged) throw merged;
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** The form of a claim id (core/ids.ts), as an error's text says it. */
export const CLAIM_ID = "must be 1 to 128 printable ASCII characters without a space at either end";

export function invalid(field: string, why: string): AgentError {
  return new AgentError("FIELD_INVALID", `${field} ${why}`, { field, details: { field } });
}

export function required(field: string): AgentError {
  return new AgentError("FIELD_REQUIRED", `${field} is required`, { field, details: { field } });
}

function notServed(field: string): AgentError {
  const message = `${field} is not served by this release; leave it out`;
  return new AgentError("FIELD_NOT_SERVED", message, { field, details: { field } });
}

/** The contract has the field and it cannot work on a host of this kind; `why` completes "cannot be served here: …". */
export function unsupportedHere(field: string, why: string): AgentError {
  const message = `${field} cannot be served here: ${why}`;
  return new AgentError("FIELD_NOT_SUPPORTED_HERE", message, { field, details: { field } });
}

/** A value that this release does not know came from a newer client; guessing at it would be ignoring it. */
export function known<T>(value: T | undefined, field: string): T {
  if (value === undefined) throw invalid(field, "has a value that is not known to this release");
  return value;
}

export function inRange(field: string, value: number, { min, max }: Range): number {
  if (!Number.isInteger(value) || value < min || value > max)
    throw invalid(field, `must be ${min} to ${max}, is ${value}`);
  return value;
}

export interface Form {
  readonly pattern: RegExp;
  readonly maxBytes: number;
  /** Completes "must be …". */
  readonly described: string;
}

/** A text of a given form; an empty one is missing. */
export function formed(field: string, value: string, { pattern, maxBytes, described }: Form): string {
  if (value === "") throw required(field);
  if (Buffer.byteLength(value) > maxBytes || !pattern.test(value))
    throw invalid(field, `must be ${described}, is ${printable(value)}`);
  return value;
}

/** A value that came from outside, short and without what moves a cursor or turns a line, for an error's text. */
export function printable(value: string): string {
  const quoted = JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  return withoutControls(quoted);
}

/** With what moves a cursor, breaks or turns a line written as in a JSON string. */
export function withoutControls(text: string): string {
  return text.replaceAll("\n", "\\n").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
}

function escaped(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

export interface Served<Message> {
  /** What the message looks like when nothing in it is set. */
  readonly unset: Message;
  readonly fields: readonly (keyof Message & string)[];
  /** The message's own path in the request; empty for the request itself. */
  readonly path: string;
}

/** Refuses every field that is set and not served: ignoring it would give something else than was asked for. */
export function refuseUnserved<Message extends object>(
  message: Message,
  { unset, fields, path }: Served<Message>,
): void {
  const served: readonly string[] = fields;
  refuse(
    setFields(message, unset).flatMap((name) =>
      served.includes(name) ? [] : [notServed(join(path, snakeCase(name)))],
    ),
  );
}

/** The names of the fields that differ from what they are when nothing is set. */
export function setFields<Message extends object>(message: Message, unset: Message): string[] {
  const defaults = new Map<string, unknown>(Object.entries(unset));
  return Object.entries(message).flatMap(([name, value]) =>
    isDeepStrictEqual(value, defaults.get(name)) ? [] : [name],
  );
}

export function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
