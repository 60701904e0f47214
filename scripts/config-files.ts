// The configuration's JSON Schema and its example, from the schema that the agent itself works by. Pure.
import { stringify } from "yaml";
import * as z from "zod";
import { about } from "../agent/config/about.ts";
import { keys, type Key } from "../agent/config/keys.ts";
import { schema } from "../agent/config/schema.ts";

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
  const top = [...new Set(keys.map(({ path }) => path.split(".")[0] ?? ""))];
  const parts = top.map((name) => {
    const key = keys.find(({ path }) => path === name);
    return key ? keyText(key, "") : sectionText(name, "");
  });
  return [HEAD, ...parts].join("\n");
}

/** With its own sections below its keys, in the order in which they stand. */
function sectionText(section: string, indent: string): string {
  const below = keys.filter(({ path }) => path.startsWith(`${section}.`));
  const names = [...new Set(below.map(({ path }) => path.slice(section.length + 1).split(".")[0] ?? ""))];
  const inner = names.map((name) => {
    const path = `${section}.${name}`;
    const key = below.find((one) => one.path === path);
    return key ? keyText(key, `${indent}  `) : sectionText(path, `${indent}  `);
  });
  return `#${indent}${section.split(".").at(-1)}:\n${inner.join("")}`;
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
