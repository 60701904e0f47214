// A condition in words, in a language that there is.
import type { Language } from "../core/language.ts";
import type { Mode } from "../core/modes.ts";
import type { Condition, Severity } from "./condition.ts";
import { common as commonEnglish, texts as english } from "./texts/en.ts";
import type { Text } from "./texts/text.ts";
import { common as commonChinese, texts as chinese } from "./texts/zh-hans.ts";

interface Words {
  readonly common: Readonly<Record<string, string>>;
  readonly texts: Readonly<Record<string, Text>>;
}

const said: Readonly<Record<Language, Words>> = {
  en: { common: commonEnglish, texts: english },
  "zh-Hans": { common: commonChinese, texts: chinese },
};

/** What was found. */
export function messageOf({ code, finding }: Condition, language: Language): string {
  const { common, texts } = said[language];
  const template = texts[code]?.messages[finding.says] ?? common[finding.says] ?? finding.says;
  return filled(template, finding.values);
}

/** What to do about it; empty unless it failed, or can be made known. */
export function remedyOf({ code, finding }: Condition, language: Language): string {
  if (finding.status !== "fail" && finding.status !== "unknown") return "";
  const { texts } = said[language];
  return filled(texts[code]?.remedies[finding.says] ?? "", finding.values);
}

function filled(template: string, values: Condition["finding"]["values"]): string {
  return template.replace(/\{(\w+)\}/g, (place, name: string) => onOneLine(String(values[name] ?? place)));
}

/** A value may be what stood in a file, and a file may hold anything; all of it is in the evidence. */
const MAX_VALUE_CHARACTERS = 300;

function onOneLine(value: string): string {
  const [shown, more] = [value.slice(0, MAX_VALUE_CHARACTERS), value.length > MAX_VALUE_CHARACTERS];
  return `${shown.replace(/\p{Cc}+/gu, " ")}${more ? "…" : ""}`;
}

const bySeverity: readonly Severity[] = ["error", "warning", "info"];

/** What its failure costs that mode; of all modes the most, unless it tells of a way to share the GPU that is not its own. */
export function severityOf({ costs, beside }: Condition, mode?: Mode): Severity {
  if (mode !== undefined && costs[mode] !== undefined) return costs[mode];
  if (beside) return "info";
  const all = Object.values(costs);
  return bySeverity.find((severity) => all.includes(severity)) ?? "info";
}
