// What a schema found, in the words of the other readers of YAML. Pure.
import { z } from "zod";
import { brief } from "../yaml/placed-yaml.ts";
import { didYouMean } from "../core/suggest.ts";

/** By the names that the schemas have for them. */
const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  int: "a whole number",
  number: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
};
const UNITS: Readonly<Record<string, string>> = { string: " characters", array: " items" };

/** To be given to a schema with what it shall read; where a schema says something itself, that stands. */
export function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === "unrecognized_keys") return unknownKeys(issue.keys, issue.inst);
  if (issue.input === undefined) return "is required";
  const refused = `${brief(JSON.stringify(issue.input))} is not allowed`;
  if (issue.code === "invalid_type") return `${refused}; it takes ${TYPES[issue.expected] ?? issue.expected}`;
  if (issue.code === "too_small")
    return `${refused}; it takes at least ${issue.minimum}${UNITS[issue.origin] ?? ""}`;
  if (issue.code === "too_big")
    return `${refused}; it takes at most ${issue.maximum}${UNITS[issue.origin] ?? ""}`;
  if (issue.code !== "invalid_value") return undefined;
  const allowed = issue.values.map(String);
  const hint = typeof issue.input === "string" ? didYouMean(issue.input, allowed) : undefined;
  return `${refused}; ${hint ?? `it takes ${listed(allowed)}`}`;
}

/** The schema reports them together, of the object that has them: the first is the one that is named. */
function unknownKeys([first = "", ...others]: readonly string[], schema: unknown): string {
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const hint = didYouMean(first, known) ?? (known.length > 0 ? `known are ${known.join(", ")}` : undefined);
  const rest = others.length > 0 ? `, nor is ${others.map(brief).join(", ")}` : "";
  return `is not known${rest}${hint === undefined ? "" : `; ${hint}`}`;
}

function listed(words: readonly string[]): string {
  const [last = "", ...before] = words.toReversed();
  return before.length === 0 ? last : `${before.toReversed().join(", ")} or ${last}`;
}
