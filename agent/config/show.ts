// The configuration that holds, as YAML that says of each value where it comes from. Pure.
import { parse } from "yaml";
import type { Effective, EffectiveSetting } from "./effective.ts";

/** A file that would give the same configuration; what has no value stands as a comment. */
export function showConfig({ settings }: Effective): string {
  const sections = new Map<string, EffectiveSetting[]>();
  for (const setting of settings) {
    const [name = ""] = setting.key.path.split(".");
    sections.set(name, [...(sections.get(name) ?? []), setting]);
  }
  return [...sections].map(([name, inner]) => sectionText(name, inner)).join("");
}

function sectionText(name: string, settings: readonly EffectiveSetting[]): string {
  const [only] = settings;
  if (only?.key.path === name) return `${lineOf(name, only)}\n`;
  const lines = settings.map((setting) => `  ${lineOf(setting.key.path.slice(name.length + 1), setting)}\n`);
  return `${name}:\n${lines.join("")}`;
}

function lineOf(name: string, { key, value, origin }: EffectiveSetting): string {
  if (value === undefined) return `# ${name}: ${key.otherwise ?? "not set"} (${origin})`;
  return `${name}: ${written(value)}  # ${origin}`;
}

/** In one line, so that the origin stands beside it; quoted only where YAML would read it otherwise. */
function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  const plain =
    typeof value === "string" && /^[\w/.+-][\w/.:+-]*(?<!:)$/.test(value) && parse(value) === value;
  // Every JSON text is YAML.
  return plain ? value : JSON.stringify(value);
}
