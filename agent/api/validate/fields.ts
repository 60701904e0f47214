// Checks of single fields. Each failure names the field by its path in the request, as `domain.disks[0].path`.
import { AgentError } from "../../core/errors.ts";

export interface Range {
  readonly min: number;
  readonly max: number;
}

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
  const cut = value.length > 80 ? `${value.slice(0, 80)}…` : value;
  return JSON.stringify(cut);
}

/**
 * Refuses every field of a message that is set and not served: ignoring it would give something else than was asked for.
 * `path` is the message's own, empty for the request itself.
 */
export function refuseUnserved<Message extends object>(
  message: Message,
  served: readonly (keyof Message & string)[],
  path: string,
): void {
  for (const [name, value] of Object.entries(message)) {
    if (!(served as readonly string[]).includes(name) && isSet(value))
      throw notServed(join(path, snakeCase(name)));
  }
}

export function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** Whether a decoded field differs from what proto3 gives to one that was not sent. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === "" || value === 0 || value === 0n || value === false) return false;
  if (typeof value === "string") return !value.endsWith("_UNSPECIFIED");
  if (Array.isArray(value) || Buffer.isBuffer(value)) return value.length > 0;
  if (isPlainMap(value)) return Object.keys(value).length > 0;
  return true;
}

/** A map field decodes to an object without a prototype's fields; a message that is present counts even when empty. */
function isPlainMap(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
