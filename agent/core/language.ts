// The languages that conditions are told in.

/** BCP 47 tags. */
export const languages = ["en", "zh-Hans"] as const;

export type Language = (typeof languages)[number];

/** Chinese alone, of that script, or of where it is written so; what is written in traditional characters is not. */
const SIMPLIFIED = /^zh(?:[-_](?:Hans|CN|SG)(?:[-_][a-z]+)*)?(?:[.@].*)?$/i;
const ENGLISH = /^en(?:[-_][a-z]+)*(?:[.@].*)?$/i;

/** From a tag, or from what LANG holds, as `zh_CN.UTF-8`; undefined for a language that there is not. */
export function languageNamed(text: string): Language | undefined {
  if (SIMPLIFIED.test(text)) return "zh-Hans";
  return ENGLISH.test(text) ? "en" : undefined;
}

/** English for everything that is not known. */
export function languageOf(text: string): Language {
  return languageNamed(text) ?? "en";
}
