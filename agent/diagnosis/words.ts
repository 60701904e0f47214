// A condition in words, in a language that there is.
import type { Condition, Severity } from "./condition.ts";
import { common as commonEnglish, texts as english } from "./texts/en.ts";
import type { Text } from "./texts/text.ts";
import { common as commonChinese, texts as chinese } from "./texts/zh-hans.ts";

interface Words {
  readonly common: Readonly<Record<string, string>>;
  readonly texts: Readonly<Record<string, Text>>;
}

/** By BCP 47 tag. */
const languages = {
  en: { common: commonEnglish, texts: english },
  "zh-Hans": { common: commonChinese, texts: chinese },
} as const satisfies Record<string, Words>;

export type Language = keyof typeof languages;
export const languageTags = Object.keys(languages) as readonly Language[];

/** From a tag, or from what LANG holds, as `zh_CN.UTF-8`; English for everything that is not known. */
export function languageOf(text: string): Language {
  return /^zh([-_](Hans|CN|SG))?([-_.@]|$)/i.test(text) ? "zh-Hans" : "en";
}

/** What is checked. */
export function titleOf({ code }: Pick<Condition, "code">, language: Language): string {
  return languages[language].texts[code].title;
}

/** What was found. */
export function messageOf({ code, finding }: Condition, language: Language): string {
  const { common, texts }: Words = languages[language];
  const template = texts[code]?.messages[finding.says] ?? common[finding.says] ?? finding.says;
  return filled(template, finding.values);
}

/** What to do about it; empty unless it failed. */
export function remedyOf({ code, finding }: Condition, language: Language): string {
  if (finding.status !== "fail") return "";
  const { texts }: Words = languages[language];
  return filled(texts[code]?.remedies[finding.says] ?? "", finding.values);
}

function filled(template: string, values: Condition["finding"]["values"]): string {
  return template.replace(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
}

const bySeverity: readonly Severity[] = ["error", "warning", "info"];

/** The most that its failure costs any mode it concerns. */
export function severityOf({ costs }: Pick<Condition, "costs">): Severity {
  const all = Object.values(costs);
  return bySeverity.find((severity) => all.includes(severity)) ?? "info";
}
