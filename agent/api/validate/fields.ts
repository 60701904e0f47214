// Checks of single fields. Each failure names the field by its path in the request, as `domain.disks[0].path`.
import { isDeepStrictEqual } from "node:util";
import { AgentError } from "../../core/errors.ts";

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

export function notServed(field: string): AgentError {
  const message = `${field} is not served by this release; leave it out`;
  return new AgentError("FIELD_NOT_SERVED", message, { field, details: { field } });
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

/** A value that came from outside, short and without control characters, for an error's text. */
export function printable(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
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
  const defaults = new Map<string, unknown>(Object.entries(unset));
  for (const [name, value] of Object.entries(message)) {
    if (!served.includes(name) && !isDeepStrictEqual(value, defaults.get(name)))
      throw notServed(join(path, snakeCase(name)));
  }
}

export function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
