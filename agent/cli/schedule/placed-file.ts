// A file of YAML as a schema has it, or everything that is wrong with it, each with its line.
import { isMap, isScalar } from "yaml";
import * as z from "zod";
import { nearest } from "../../core/suggest.ts";
import { brief, PlacedYaml, type PlacedFault } from "../../yaml/placed-yaml.ts";
import type { Environment } from "../environment.ts";
import { CliError } from "../errors/cli-error.ts";

/** A value of a form; `words` say which, after `takes`. */
export function takes<Schema extends z.ZodType>(words: string, form: Schema) {
  const isOne = (value: unknown): boolean => form.safeParse(value).success;
  return z.custom<z.output<Schema>>(isOne, { error: `takes ${words}` });
}

/** `hints`: what to do where it cannot be read. @throws CliError */
export async function readFile(
  path: string,
  { readText }: Pick<Environment, "readText">,
  hints: readonly string[] = [],
): Promise<string> {
  return await readText(path).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("usage", `cannot read ${path}: ${why}`, { hints, cause: error, inFile: true });
  });
}

/** @throws CliError with a line for each of the faults, if there are any */
export function refuseFaults(faults: readonly PlacedFault[]): void {
  const [first, ...rest] = faults.map(({ where, what }) => `${where}: ${what}`);
  if (first === undefined) return;
  throw new CliError("usage", first, { lines: rest.map((line) => `error: ${line}`), inFile: true });
}

/** `name` is how the text is called in messages: its file. @throws CliError with a line for everything that is wrong */
export function parsePlaced<Schema extends z.ZodType>(
  text: string,
  name: string,
  schema: Schema,
): z.output<Schema> {
  const yaml = new PlacedYaml(text, name);
  refuseFaults(yaml.faults);
  const parsed = schema.safeParse(yaml.value(yaml.contents) ?? {});
  if (parsed.success) return parsed.data;
  refuseFaults(parsed.error.issues.flatMap((issue) => faultsOf(issue, yaml, schema)));
  throw new Error("a schema refused without an issue");
}

function faultsOf(issue: z.core.$ZodIssue, yaml: PlacedYaml, schema: z.ZodType): readonly PlacedFault[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => unknownKey(key, issue.path, yaml, schema));
  const said = yaml.value(yaml.node(issue.path));
  const value = said === undefined ? " is missing" : `: ${brief(JSON.stringify(said))} is not allowed`;
  // What is missing has no words of its own where it is a mapping.
  const form = issue.code === "custom" ? `; it ${issue.message}` : "";
  const what = `${issue.path.join(".") || "the file"}${value}${form}`;
  return [{ where: yaml.place(nearestNode(issue.path, yaml)), what }];
}

/** What stands at the path, or what comes nearest above it. */
function nearestNode(path: readonly PropertyKey[], yaml: PlacedYaml): unknown {
  for (let length = path.length; length > 0; length -= 1) {
    const node = yaml.node(path.slice(0, length));
    if (node !== undefined && node !== null) return node;
  }
  return yaml.contents;
}

function unknownKey(
  key: string,
  path: readonly PropertyKey[],
  yaml: PlacedYaml,
  schema: z.ZodType,
): PlacedFault {
  const known = keysAt(schema, path);
  const near = nearest(key, known);
  const hint = near === undefined ? `the keys there are ${known.join(", ")}` : `did you mean ${near}?`;
  const map = path.length === 0 ? yaml.contents : yaml.node(path);
  const pair = isMap(map)
    ? map.items.find((each) => isScalar(each.key) && each.key.value === key)
    : undefined;
  return { where: yaml.place(pair?.key), what: `${brief([...path, key].join("."))}: no such key; ${hint}` };
}

/** Of the mapping at a path. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let at: unknown = bare(schema);
  for (const step of path) at = at instanceof z.ZodObject ? bare(at.shape[String(step)]) : undefined;
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

/** Without what says that it may be left out. */
function bare(schema: unknown): unknown {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault ? bare(schema.unwrap()) : schema;
}
