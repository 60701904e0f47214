// The configuration's JSON Schema and its example, from the schema that the agent itself works by. Pure.
import { stringify } from "yaml";
import * as z from "zod";
import { keys, type Key } from "../agent/config/keys.ts";
import { about, schema } from "../agent/config/schema.ts";

/** For editors and for tests of an operator's own files. The agent checks a little more: ranges of durations. */
export function configSchema(): string {
  const described = z.toJSONSchema(schema, {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      const { meaning, takes } = zodSchema instanceof z.ZodType ? (about.get(zodSchema) ?? {}) : {};
      if (meaning !== undefined) jsonSchema.description = `${meaning} Takes ${takes ?? ""}.`;
      // Of zod's own, and unknown to validators.
      if (jsonSchema.format === "starts_with") delete jsonSchema.format;
    },
  });
  const { $schema, ...rest } = described;
  return `${JSON.stringify({ $schema, title: "Configuration of vgpud", ...rest }, undefined, 2)}\n`;
}

const HEAD = `# Configuration of vgpud: /etc/vgpud/config.yaml, or a piece of it as /etc/vgpud/config.yaml.d/NAME.yaml.
# Every key is optional and stands here with its default. To change one, remove the # before it and before its section.
# "vgpud --check-config" says what is wrong; "systemctl reload vgpud" takes over what does not need a restart.
# Keys and their meaning: configuration-keys.md.
`;
const WIDTH = 100;

/** A file in which every key stands, commented out, with its default or an example. */
export function configExample(): string {
  const sections = new Map<string, Key[]>();
  for (const key of keys) {
    const [section = ""] = key.path.split(".");
    sections.set(section, [...(sections.get(section) ?? []), key]);
  }
  const parts = [...sections].map(([section, inner]) => {
    const single = inner[0]?.path === section;
    return single ? inner.map((key) => keyText(key, "")).join("") : sectionText(section, inner);
  });
  return [HEAD, ...parts].join("\n");
}

function sectionText(section: string, inner: readonly Key[]): string {
  return `#${section}:\n${inner.map((key) => keyText(key, "  ")).join("")}`;
}

function keyText(key: Key, indent: string): string {
  const name = key.path.split(".").at(-1) ?? "";
  const needs = key.live ? "" : " A change needs a restart.";
  const absent = key.default === undefined ? ` Default: ${key.otherwise ?? "none"}.` : "";
  const comment = wrap(`${key.meaning} Takes ${key.takes}.${absent}${needs}`, WIDTH);
  const value = key.default ?? key.example;
  const lines = stringify({ [name]: value })
    .trimEnd()
    .split("\n");
  return [...comment.map((line) => `# ${line}`), ...lines.map((line) => `#${indent}${line}`)]
    .map((line) => `${line}\n`)
    .join("");
}

/** Broken at spaces into lines of at most `width` characters. */
function wrap(text: string, width: number): string[] {
  return text.split(" ").reduce<string[]>((lines, word) => {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) return [...lines, word];
    return [...lines.slice(0, -1), `${last} ${word}`];
  }, []);
}
