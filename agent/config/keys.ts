// The schema as a list of keys, in its order.
import * as z from "zod";
import { about, type About } from "./about.ts";
import { isLive, schema } from "./schema.ts";

export interface Key extends About {
  /** Dotted, as `metrics.listen`. */
  readonly path: string;
  readonly schema: z.ZodType;
  /** Undefined where none is fixed. */
  readonly default: unknown;
  /** Whether a reload takes it over; otherwise a restart does. */
  readonly live: boolean;
}

function keysOf(type: unknown, path: readonly string[]): Key[] {
  if (type instanceof z.ZodPrefault) return keysOf(type.unwrap(), path);
  if (type instanceof z.ZodObject)
    return Object.entries(type.shape).flatMap(([name, inner]) => keysOf(inner, [...path, name]));
  if (!(type instanceof z.ZodType)) throw new TypeError(`${path.join(".")} is no schema`);
  const described = about.get(type);
  if (!described) throw new TypeError(`${path.join(".")} does not say what it is for`);
  const dotted = path.join(".");
  return [{ ...described, path: dotted, schema: type, default: type.parse(undefined), live: isLive(dotted) }];
}

/** Every key. */
export const keys: readonly Key[] = keysOf(schema, []);

/** The sections and keys directly below a section; of the whole when `section` is empty. */
export function namesBelow(section: string): string[] {
  const prefix = section === "" ? "" : `${section}.`;
  const below = keys.filter(({ path }) => path.startsWith(prefix));
  return [...new Set(below.map(({ path }) => path.slice(prefix.length).split(".")[0] ?? ""))];
}
